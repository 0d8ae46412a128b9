// A plain program: nested awaits, Promise.all, fetch, then, an async generator. It never ends by itself.
import { createServer } from "node:http";

const server = createServer(() => {});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

async function download(path) {
  const response = await fetch(url + path);
  return response.text();
}

async function pause() {
  await new Promise((resolve) => setTimeout(resolve, 1e6));
}

async function* ticks() {
  await pause();
  yield 1;
}

async function consume() {
  for await (const tick of ticks()) void tick;
}

class Service {
  async run() {
    await Promise.all([download("a"), pause(), consume().then(() => 1)]);
  }
}

async function main() {
  return new Service().run();
}

process.stdout.write("ready\n");
await main();
