/**
 * Processes and threads are killed at random while they hold a lock, write shared memory, put, wait for an item, take one
 * or look at one. Prints what was done; whatever is wrong ends it with an error. `CHAOS_SECONDS` says how long,
 * `CHAOS_SEED` where the random numbers begin.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { Lock, Process, Queue, RawArray, SharedMemory, Value } from "spool/multiprocessing";
import { Thread } from "spool/threading";

const SECONDS = Number(process.env["CHAOS_SECONDS"]);
const SEED = Number(process.env["CHAOS_SEED"]);
/** Most victims in a run, and most numbers that go through each of the two queues of numbers. */
const MOST = 8192;
const MOST_NUMBERS = 2 ** 20;
const PAGE_BYTES = 16_384;

type Item = readonly [n: number, filler: Uint8Array];

const lock = new Lock();
/** Two numbers that are equal whenever the lock is free, and how often they were found not to be. */
const pair = new RawArray("i", 3);
const turns = new Value("i", 0);

/** A segment under a name, all of whose bytes are equal whenever its lock is free. */
const page = new SharedMemory({ create: true, size: PAGE_BYTES });
const pageLock = new Lock();
const pagesWritten = new Value("i", 0);
const torn = new RawArray("i", 1);

/** From the victims to this program: each message that was put is received once and in its turn. */
const messages = new Queue<readonly [id: number, n: number, filler: Uint8Array]>(50);
const acknowledged = new RawArray("i", MOST);

/** From this program to the victims: looked at (each at least once), and taken (all but what the killed had in hand). */
const looks = new Queue<Item>();
const looked = new RawArray("B", MOST_NUMBERS);
const gifts = new Queue<Item>(20);
const given = new RawArray("B", MOST_NUMBERS);
const damaged = new RawArray("i", 1);

/** Set by each victim once it is at work: killing it earlier would test starting only. */
const working = new RawArray("B", MOST);

function fillerOf(n: number): Uint8Array {
  return new Uint8Array((n * 37) % 3000).fill(n);
}

const roles: Record<string, (me: number) => () => unknown> = {
  holder: (me) => () => {
    working.set(me, 1);
    for (;;) {
      lock.acquireSync();
      if (lock.abandoned !== null) pair.set(1, pair.get(0));
      if (pair.get(0) !== pair.get(1)) pair.set(2, pair.get(2) + 1);
      pair.set(0, pair.get(0) + 1);
      for (let i = 0; i < 2000; i++);
      pair.set(1, pair.get(1) + 1);
      lock.release();
      turns.value++;
      // Leaves the processors to the others: there may be fewer than victims.
      if (turns.value % 50 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  },
  writer: (me) => async () => {
    // A segment of its own that it never takes away: it must be gone when the program has ended.
    const forgotten = new SharedMemory({ create: true, size: 4096 });
    forgotten.write(Uint8Array.of(1));
    working.set(me, 1);
    for (let n = 0; ; n++) {
      const write = ({ abandoned }: { abandoned: unknown }): void => {
        const bytes = page.mapped ? page.buf : page.read();
        const whole = bytes.every((byte) => byte === bytes[0]);
        if (!whole && abandoned === null) torn.set(0, torn.get(0) + 1);
        bytes.fill((bytes[0]! + 1) % 256);
        if (!page.mapped)
          for (let at = 0; at < PAGE_BYTES; at += 4096) page.write(bytes.subarray(at, at + 4096), at);
        pagesWritten.value++;
      };
      if (n % 2 === 0) pageLock.withSync(write);
      else await pageLock.with(write);
    }
  },
  producer: (me) => async () => {
    for (let n = 0; ; n++) {
      const message = [me, n, fillerOf(n)] as const;
      if (n % 2 === 0) messages.putSync(message);
      else await messages.put(message);
      acknowledged.set(me, n + 1);
      working.set(me, 1);
    }
  },
  looker: (me) => async () => {
    const look = ([n, filler]: Item): void => {
      if (filler.length !== (n * 37) % 3000 || filler.some((byte) => byte !== n % 256)) damaged.set(0, 1);
      looked.set(n, looked.get(n) + 1);
    };
    working.set(me, 1);
    for (let n = 0; ; n++) {
      if (n % 2 === 0) looks.getWithSync(look);
      else await looks.getWith(look);
    }
  },
  taker: (me) => async () => {
    working.set(me, 1);
    for (let n = 0; ; n++) {
      const [number, filler] = n % 2 === 0 ? gifts.getSync() : await gifts.get();
      if (filler.length !== (number * 37) % 3000 || filler.some((byte) => byte !== number % 256))
        damaged.set(0, 1);
      given.set(number, given.get(number) + 1);
    }
  },
};
const CAST = [
  "holder",
  "holder",
  "writer",
  "writer",
  "producer",
  "producer",
  "looker",
  "taker",
  "taker",
] as const;

interface Victim {
  readonly role: (typeof CAST)[number];
  readonly number: number;
  end(): Promise<void>;
}

let state = SEED | 1;
function random(below: number): number {
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) ^ 0x5bd1e995;
  return (state >>> 0) % below;
}

const pids: number[] = [process.pid];
const killed: Record<string, number> = { process: 0, thread: 0 };
let next = 0;

function spawn(role: Victim["role"]): Victim {
  const number = next++;
  const target = roles[role]!(number);
  if (random(2) === 0) {
    const thread = new Thread({ target });
    thread.start();
    return { role, number, end: async () => (killed["thread"]!++, thread.terminate()) };
  }
  const child = new Process({ target, name: "chaos" });
  child.start();
  pids.push(child.pid!);
  return {
    role,
    number,
    async end() {
      killed["process"]!++;
      child.kill();
      await child.join();
    },
  };
}

const received = new Map<number, number>();
async function receive(timeout: number): Promise<boolean> {
  const item = await messages.get({ timeout }).catch((error: { code: string }) => {
    assert.equal(error.code, "EMPTY");
    return undefined;
  });
  if (item === undefined) return false;
  const [id, n, filler] = item;
  assert.equal(n, received.get(id) ?? 0, `message ${n} of producer ${id} comes in its turn`);
  assert.deepEqual(filler, fillerOf(n));
  received.set(id, n + 1);
  return true;
}

let toLook = 0;
let toGive = 0;
async function supply(): Promise<void> {
  while (looks.qsize() < 30 && toLook < MOST_NUMBERS) await looks.put([toLook, fillerOf(toLook++)]);
  while (!gifts.full() && toGive < MOST_NUMBERS) {
    gifts.putNowait([toGive, fillerOf(toGive)]);
    toGive++;
  }
}

const victims = CAST.map(spawn);
while (victims.some(({ number }) => working.get(number) === 0)) {
  await supply();
  await receive(0.02);
}
const deaths: Record<string, number> = {};
const end = performance.now() + SECONDS * 1000;
for (let due = 0; performance.now() < end;) {
  await supply();
  for (let i = 0; i < 20 && (await receive(0.02)); i++);
  const place = random(victims.length);
  const victim = victims[place]!;
  if (performance.now() < due || working.get(victim.number) === 0 || next === MOST) continue;
  due = performance.now() + 20 + random(150);
  await victim.end();
  deaths[victim.role] = (deaths[victim.role] ?? 0) + 1;
  victims[place] = spawn(victim.role);
}
// Nobody is spared at the end.
for (const { role } of victims) deaths[role] = (deaths[role] ?? 0) + 1;
await Promise.all(victims.map((victim) => victim.end()));
while (await receive(0.3));

for (let id = 0; id < next; id++) {
  const got = received.get(id) ?? 0;
  assert.ok(got >= acknowledged.get(id), `producer ${id}: ${got} of ${acknowledged.get(id)} received`);
}
assert.equal(messages.qsize(), 0);
await messages.put([0, 0, new Uint8Array(0)]);
assert.equal(messages.qsize(), 1);

for (const [name, it] of [
  ["lock", lock],
  ["lock of the page", pageLock],
] as const) {
  assert.equal(await it.acquire({ timeout: 60 }), true, `the ${name} can be had`);
}
if (lock.abandoned === null) assert.equal(pair.get(0), pair.get(1));
if (pageLock.abandoned === null) assert.ok(page.read().every((byte, _, all) => byte === all[0]));
lock.release();
pageLock.release();
assert.equal(pair.get(2), 0, "nobody found the pair torn without being told");
assert.equal(torn.get(0), 0, "nobody found the page torn without being told");

const drain = async (queue: Queue<Item>, marks: RawArray<"B">): Promise<void> => {
  while (!queue.empty()) {
    const [n, filler] = await queue.get({ timeout: 60 });
    assert.deepEqual(filler, fillerOf(n));
    marks.set(n, marks.get(n) + 1);
  }
};
await drain(looks, looked);
await drain(gifts, given);
assert.equal(damaged.get(0), 0, "no item came damaged");
const count = (marks: RawArray<"B">, total: number, is: (times: number) => boolean): number =>
  marks.slice(0, total).filter(is).length;
assert.equal(
  count(looked, toLook, (times) => times === 0),
  0,
  "every item was looked at",
);
const again = count(looked, toLook, (times) => times > 1);
assert.ok(again <= (deaths["looker"] ?? 0), `${again} items were looked at again`);
assert.equal(
  count(given, toGive, (times) => times > 1),
  0,
  "no item was taken twice",
);
const inHand = count(given, toGive, (times) => times === 0);
assert.ok(inHand <= (deaths["taker"] ?? 0), `${inHand} items went with those who had taken them`);

const ours = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
const zombies = ours.filter((pid) => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1")));
assert.deepEqual(zombies, [], "no zombie");
page.close();
page.unlink();

console.log(
  JSON.stringify({
    pids,
    killed,
    deaths,
    turns: turns.value,
    pages: pagesWritten.value,
    messages: [...received.values()].reduce((a, b) => a + b, 0),
    looked: toLook,
    again,
    taken: toGive,
    inHand,
    segments: readdirSync("/dev/shm").filter((name) => name.startsWith("spool_")).length,
  }),
);
