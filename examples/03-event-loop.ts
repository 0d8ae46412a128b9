/** Many requests at once, a bounded number, in one event loop. */
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { EventLoopExecutor } from "spool";

const server = createServer((request, response) => setTimeout(() => response.end(request.url), 20));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

await using loop = new EventLoopExecutor({ maxWorkers: 16 });
const sizes: number[] = [];
const size = async (path: string): Promise<number> => (await (await fetch(origin + path)).text()).length;
for await (const n of loop.map(size, ["/a", "/bb", "/ccc"])) sizes.push(n);
console.log(sizes.join(" "));
server.close();
server.closeAllConnections();

// Prints: 2 3 4
