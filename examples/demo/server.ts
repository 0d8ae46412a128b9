import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A real HTTP server on the loopback, in a process of its own. Every answer comes after LATENCY_MS: `/status/N` is a
 * line, `/page/N` the text of the Nth group of the files named on the command line. Ends when its parent goes.
 */
const LATENCY_MS = 10;
const [perPage = "1", ...paths] = process.argv.slice(2);
const files = paths.map((path) => readFileSync(path));
const pages = files.flatMap((_, i) =>
  i % Number(perPage) === 0 ? [Buffer.concat(files.slice(i, i + Number(perPage)))] : [],
);

const server = createServer((request, response) => {
  const [, kind, number = ""] = (request.url ?? "").split("/");
  const body = kind === "page" ? pages[Number(number)] : `item ${number} is fine\n`;
  setTimeout(() => response.writeHead(body === undefined ? 404 : 200).end(body), LATENCY_MS);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
