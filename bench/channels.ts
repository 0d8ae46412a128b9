import { fork } from "node:child_process";
import { once } from "node:events";
import { Event, Manager, Pipe, Process, Queue, RawArray } from "../src/multiprocessing/index.ts";
import type { Contestant } from "./harness.ts";
import { COUNTS, emptySlots, fillSlots, SLOTS } from "./programs/bare-slots.ts";
import { pythonFigure, twoPythons } from "./python.ts";
import { asked, Tables } from "./tables.ts";

/**
 * Messages between two processes: queues and pipes of this package beside Python's own and Node's IPC channel. Both
 * sides of a contestant do the same work; starting the processes is not counted.
 */
const tables = new Tables("channels");
const SMALL = 64;
const LARGE = 64 * 1024;
/** What bounds a consumer that gives each message memory of its own. */
const FRESH = "new memory for each, filled by one copy, nothing else";
const NEW_MEMORY =
  `V8 collects about a thousand such messages at once, so each is written to memory that no cache holds; the row "${FRESH}" ` +
  "is one process that does only that. Python counts references and fills the same block again";

/** How the consumer takes a message. */
type Form = "getSync" | "get" | "getWithSync";

/** Runs `take` until `count` messages of `size` bytes have come through a queue; gives messages per second. */
function queue(name: string, size: number, count: number, form: Form): Contestant {
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
      const copy = new Uint8Array(size);
      const start = performance.now();
      go.set();
      if (form === "getSync") for (let i = 0; i < count; i++) messages.getSync();
      else if (form === "get") for (let i = 0; i < count; i++) await messages.get();
      else for (let i = 0; i < count; i++) messages.getWithSync((message) => copy.set(message));
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

const PYTHON_FORMS = {
  "Python Queue": ["q = mp.Queue(); a = b = q", "b.put(m)", "a.get()"],
  "Python Pipe": ["a, b = mp.Pipe()", "b.send_bytes(m)", "a.recv_bytes()"],
  "Python Pipe, recv_bytes_into": ["a, b = mp.Pipe()", "b.send_bytes(m)", "a.recv_bytes_into(into)"],
} as const;

function pythonTransfer(name: keyof typeof PYTHON_FORMS, size: number, count: number): Contestant {
  const [make, put, get] = PYTHON_FORMS[name];
  const program = twoPythons(`
def child(b, go):
    m = bytes(${size})
    go.wait()
    for _ in range(${count}): ${put}
def main():
    ${make}
    into = bytearray(${size})
    go = mp.Event()
    p = mp.Process(target=child, args=(b, go)); p.start(); time.sleep(0.2)
    t = time.perf_counter(); go.set()
    for _ in range(${count}): ${get}
    t = time.perf_counter() - t
    p.join()
    return ${count} / t`);
  return { name, run: async () => pythonFigure(program) };
}

const BARE = "copying in and out, nothing else";
const COPYING = `each message is copied in and out once; the row "${BARE}" is what this machine does of that`;

/** What two processes can move at most, by copies through memory that they share. */
function bare(size: number, count: number): Contestant {
  return {
    name: BARE,
    run: async () => {
      const slots = { bytes: new RawArray("B", SLOTS * size), counts: new RawArray("i", COUNTS) };
      const [ready, go] = [new Event(), new Event()];
      const child = new Process({
        target: (those: typeof slots, bytes: number, times: number) => {
          ready.set();
          go.waitSync();
          fillSlots(those, bytes, times);
        },
        args: [slots, size, count],
      });
      child.start();
      await ready.wait();
      const start = performance.now();
      go.set();
      emptySlots(slots, size, count);
      const seconds = (performance.now() - start) / 1000;
      await child.join();
      return count / seconds;
    },
  };
}

/** What one process can give new memory to and fill at most, from a source that its cache holds. */
function fresh(size: number, count: number): Contestant {
  return {
    name: FRESH,
    run: async () => {
      const source = Buffer.alloc(SLOTS * size, 1);
      const start = performance.now();
      for (let i = 0; i < count; i++) {
        const at = (i % SLOTS) * size;
        source.copy(Buffer.allocUnsafeSlow(size), 0, at, at + size);
      }
      return count / ((performance.now() - start) / 1000);
    },
  };
}

/** The same contestant in bytes per second. */
function inBytes(contestant: Contestant, size: number): Contestant {
  return { ...contestant, run: async () => (await contestant.run()) * size };
}

await tables.add(
  "small",
  "queue, 64-byte messages, 1 producer, 1 consumer, two processes",
  [
    queue("spool Queue, blocking", SMALL, 1_000_000, "getSync"),
    queue("spool Queue, await", SMALL, 800_000, "get"),
    nodeIpc(SMALL, 60_000),
    pythonTransfer("Python Queue", SMALL, 100_000),
    pythonTransfer("Python Pipe", SMALL, 100_000),
  ],
  {
    unit: "messages/s",
    reference: "Python Queue",
    targets: [
      asked("spool Queue, blocking", 10, "Python Queue"),
      asked("spool Queue, blocking", 10, "Node IPC"),
      asked("spool Queue, await", 10, "Python Queue"),
    ],
  },
);

await tables.add(
  "large",
  "queue, 64 KiB messages, 1 producer, 1 consumer, two processes",
  [
    queue("spool Queue, each message new memory", LARGE, 30_000, "getSync"),
    queue("spool Queue, getWith into one buffer", LARGE, 60_000, "getWithSync"),
    bare(LARGE, 60_000),
    fresh(LARGE, 60_000),
    nodeIpc(LARGE, 2000),
    pythonTransfer("Python Queue", LARGE, 10_000),
    pythonTransfer("Python Pipe", LARGE, 30_000),
    pythonTransfer("Python Pipe, recv_bytes_into", LARGE, 30_000),
  ].map((contestant) => inBytes(contestant, LARGE)),
  {
    unit: "bytes/s",
    reference: "Python Pipe",
    targets: [
      asked("spool Queue, getWith into one buffer", 4, "Python Pipe", COPYING),
      asked("spool Queue, each message new memory", 4, "Python Pipe", NEW_MEMORY),
    ],
  },
);

/** Round trips per second through a pipe. */
function pingPong(name: string, form: "blocking" | "async"): Contestant {
  const count = 10_000;
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

await tables.add(
  "pipe",
  "pipe, round trip of a small message, two processes",
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
  {
    unit: "round trips/s",
    reference: "Node IPC",
    targets: [asked("spool Pipe, blocking", 2, "Node IPC"), asked("spool Pipe, await", 2, "Node IPC")],
  },
);

const PAIRS = 30_000;
const manager = await Manager();
const dict = await manager.dict<string, number>();
await tables.add(
  "manager",
  "manager dict in another process of this machine, one set and one get",
  [
    {
      name: "spool Manager",
      run: async () => {
        const start = performance.now();
        for (let i = 0; i < PAIRS; i++) {
          await dict.set("key", i);
          await dict.get("key");
        }
        return PAIRS / ((performance.now() - start) / 1000);
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
    for i in range(5000):
        d["key"] = i; d["key"]
    t = time.perf_counter() - t
    m.shutdown()
    return 5000 / t`),
        ),
    },
  ],
  {
    unit: "pairs/s",
    reference: "Python Manager",
    targets: [asked("spool Manager", 3, "Python Manager")],
  },
);
await manager.shutdown();
