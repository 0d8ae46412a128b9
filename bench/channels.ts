import { fork } from "node:child_process";
import { once } from "node:events";
import { Event, Manager, Pipe, Process, Queue } from "../src/multiprocessing/index.ts";
import { type Contestant, figure, measure, printTable, type Table, writeResults } from "./harness.ts";
import { pythonFigure, twoPythons } from "./python.ts";

/**
 * Messages between two processes: queues and pipes of this package beside Python's own and Node's IPC channel. Both
 * sides of a contestant do the same work; starting the processes is not counted.
 */
const tables: Table[] = [];
async function row(
  title: string,
  unit: string,
  contestants: readonly Contestant[],
  reference?: string,
): Promise<Table> {
  const table = await measure(title, contestants, { unit, rounds: 5 });
  printTable(table, reference);
  tables.push(table);
  return table;
}

/** Messages per second of `size` bytes through a queue. */
function queue(name: string, size: number, count: number, form: "blocking" | "async"): Contestant {
  return {
    name,
    run: async () => {
      const messages = new Queue<Uint8Array>();
      const [ready, go] = [new Event(), new Event()];
      const child = new Process({
        target: (bytes: number, times: number) => {
          const message = new Uint8Array(bytes);
          ready.set();
          go.waitSync();
          for (let i = 0; i < times; i++) messages.putSync(message);
        },
        args: [size, count],
      });
      child.start();
      await ready.wait();
      const start = performance.now();
      go.set();
      if (form === "blocking") for (let i = 0; i < count; i++) messages.getSync();
      else for (let i = 0; i < count; i++) await messages.get();
      const seconds = (performance.now() - start) / 1000;
      await child.join();
      return count / seconds;
    },
  };
}

function nodeIpc(size: number, count: number): Contestant {
  return {
    name: "Node IPC",
    run: async () => {
      const child = fork(new URL("programs/ipc-peer.mjs", import.meta.url), { serialization: "advanced" });
      await once(child, "spawn");
      let left = count;
      const { promise, resolve } = Promise.withResolvers<void>();
      child.on("message", () => --left === 0 && resolve());
      const start = performance.now();
      child.send({ op: "send", count, size });
      await promise;
      const seconds = (performance.now() - start) / 1000;
      child.kill();
      await once(child, "exit");
      return count / seconds;
    },
  };
}

function pythonTransfer(name: string, kind: "Queue" | "Pipe", size: number, count: number): Contestant {
  const [make, put, get] =
    kind === "Queue"
      ? ["q = mp.Queue(); a = b = q", "b.put", "a.get"]
      : ["a, b = mp.Pipe()", "b.send_bytes", "a.recv_bytes"];
  const program = twoPythons(`
def child(b, go):
    m = bytes(${size})
    go.wait()
    for _ in range(${count}): ${put}(m)
def main():
    ${make}
    go = mp.Event()
    p = mp.Process(target=child, args=(b, go)); p.start(); time.sleep(0.2)
    t = time.perf_counter(); go.set()
    for _ in range(${count}): ${get}()
    t = time.perf_counter() - t
    p.join()
    return ${count} / t`);
  return { name, run: async () => pythonFigure(program) };
}

const SMALL = 64;
const LARGE = 64 * 1024;
await row(
  "queue, 64-byte messages, 1 producer, 1 consumer, two processes",
  "messages per second",
  [
    queue("spool Queue, blocking", SMALL, 100_000, "blocking"),
    queue("spool Queue, await", SMALL, 100_000, "async"),
    nodeIpc(SMALL, 20_000),
    pythonTransfer("Python Queue", "Queue", SMALL, 20_000),
    pythonTransfer("Python Pipe", "Pipe", SMALL, 20_000),
  ],
  "spool Queue, blocking",
);
const large = await row(
  "queue, 64 KiB messages",
  "messages per second (times 65536 bytes)",
  [
    queue("spool Queue, blocking", LARGE, 10_000, "blocking"),
    nodeIpc(LARGE, 2000),
    pythonTransfer("Python Queue", "Queue", LARGE, 2000),
    pythonTransfer("Python Pipe", "Pipe", LARGE, 5000),
  ],
  "spool Queue, blocking",
);
console.log(`  = ${((figure(large, "spool Queue, blocking").median * LARGE) / 1e9).toFixed(2)} GB/s`);

/** Round trips per second through a pipe. */
function pingPong(name: string, form: "blocking" | "async"): Contestant {
  const count = 5000;
  return {
    name,
    run: async () => {
      const [here, there] = Pipe();
      const ready = new Event();
      const child = new Process({
        target: async (end: typeof there, times: number, blocking: boolean) => {
          ready.set();
          if (blocking) for (let i = 0; i < times; i++) end.sendSync(end.recvSync());
          else for (let i = 0; i < times; i++) await end.send(await end.recv());
        },
        args: [there, count, form === "blocking"],
      });
      child.start();
      await ready.wait();
      const start = performance.now();
      for (let i = 0; i < count; i++) {
        if (form === "blocking") {
          here.sendSync("ping");
          here.recvSync();
        } else {
          await here.send("ping");
          await here.recv();
        }
      }
      const seconds = (performance.now() - start) / 1000;
      await child.join();
      here.close();
      there.close();
      return count / seconds;
    },
  };
}

const ipcPingPong: Contestant = {
  name: "Node IPC",
  run: async () => {
    const count = 3000;
    const child = fork(new URL("programs/ipc-peer.mjs", import.meta.url), { serialization: "advanced" });
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = count;
    child.on("message", () => (--left === 0 ? resolve() : child.send({ op: "echo", value: "ping" })));
    await once(child, "spawn");
    const start = performance.now();
    child.send({ op: "echo", value: "ping" });
    await promise;
    const seconds = (performance.now() - start) / 1000;
    child.kill();
    await once(child, "exit");
    return count / seconds;
  },
};

await row(
  "pipe, round trip of a small message, two processes",
  "round trips per second",
  [
    pingPong("spool Pipe, blocking", "blocking"),
    pingPong("spool Pipe, await", "async"),
    ipcPingPong,
    {
      name: "Python Pipe",
      run: async () =>
        pythonFigure(
          twoPythons(`
def child(b):
    for _ in range(3000): b.send(b.recv())
def main():
    a, b = mp.Pipe()
    p = mp.Process(target=child, args=(b,)); p.start(); time.sleep(0.2)
    t = time.perf_counter()
    for _ in range(3000):
        a.send("ping"); a.recv()
    t = time.perf_counter() - t
    p.join()
    return 3000 / t`),
        ),
    },
  ],
  "Node IPC",
);

const manager = await Manager();
const dict = await manager.dict<string, number>();
await row(
  "manager dict over a unix socket, one set and one get",
  "pairs per second",
  [
    {
      name: "spool Manager",
      run: async () => {
        const start = performance.now();
        for (let i = 0; i < 2000; i++) {
          await dict.set("key", i);
          await dict.get("key");
        }
        return 2000 / ((performance.now() - start) / 1000);
      },
    },
    {
      name: "Python Manager",
      run: async () =>
        pythonFigure(
          twoPythons(`
def main():
    m = mp.Manager(); d = m.dict()
    t = time.perf_counter()
    for i in range(2000):
        d["key"] = i; d["key"]
    t = time.perf_counter() - t
    m.shutdown()
    return 2000 / t`),
        ),
    },
  ],
  "Python Manager",
);
await manager.shutdown();

console.log(writeResults("channels", tables));
