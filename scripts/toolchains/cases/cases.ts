/** The same cases under every toolchain: what a user of that toolchain would write, over both kinds of workers. */
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { CaptureError, ref } from "spool/closures";
import { ProcessPoolExecutor, ThreadPoolExecutor } from "spool";
import half, { Vec, count, counter, double, rate, weigh } from "./tasks.ts";
import * as tasks from "./tasks.ts";

type Pool = InstanceType<typeof ThreadPoolExecutor>;

interface Outcome {
  readonly name: string;
  /** Null when it went as it should. */
  readonly reason: string | null;
}

type Report = Record<string, Outcome[]>;

const factor = 3;
const settings = { scale: 2, table: [1, 2, 3], byName: new Map([["a", 1]]) };

class Animal {
  name: string;
  constructor(name: string) {
    this.name = name;
  }
  speak(): string {
    return this.name + " speaks";
  }
}

class Vec3 extends Vec {
  z: number;
  constructor(x: number, y: number, z: number) {
    super(x, y);
    this.z = z;
  }
  override length(): number {
    const flat = super.length();
    return Math.sqrt(flat * flat + this.z * this.z);
  }
}

class Tally {
  #n: number = 0;
  add(): number {
    this.#n += 1;
    return this.#n;
  }
}

class OrderError extends Error {
  readonly item: string;
  constructor(message: string, item: string) {
    super(message);
    this.name = "OrderError";
    this.item = item;
  }
}

class Job {
  k: number = 4;
  run(pool: Pool): Promise<number> {
    return pool.submit((x: number) => x * this.k, 5) as unknown as Promise<number>;
  }
}

const isEven = (n: number): boolean => n === 0 || isOdd(n - 1);
const isOdd = (n: number): boolean => n !== 0 && isEven(n - 1);

function thrower(): never {
  /*throw*/ throw new OrderError("none left", "apple");
}

function branches(x: number): string {
  if (x > 100) {
    return /*never*/ "large";
  }
  return /*reached*/ "small";
}

const makeCounter = (): { up: () => number; get: () => number } => {
  let n = 0;
  return { up: () => ++n, get: () => n };
};

type Check = (pool: Pool) => Promise<void>;

const checks: Record<string, Check> = {
  "no captures": async (pool) => assert.strictEqual(await pool.submit((x: number) => x * x, 5), 25),
  "a constant": async (pool) => assert.strictEqual(await pool.submit((x: number) => x * factor, 5), 15),
  "nested data": async (pool) => assert.deepStrictEqual(await pool.submit(() => settings), settings),
  "exported function": async (pool) => assert.strictEqual(await pool.submit(double, 4), 8),
  "exported function that imports": async (pool) => assert.strictEqual(await pool.submit(weigh, 4), "4 kg"),
  "captured import": async (pool) =>
    assert.strictEqual(await pool.submit((x: number) => double(x) + 1, 4), 9),
  "imported constant": async (pool) => assert.strictEqual(await pool.submit((x: number) => x * rate, 4), 12),
  "default import": async (pool) => assert.strictEqual(await pool.submit((x: number) => half(x), 4), 2),
  "namespace import": async (pool) =>
    assert.strictEqual(await pool.submit(() => tasks.double(8) + tasks.rate), 19),
  "live binding": async (pool) => {
    const grown = await pool.submit(() => {
      const before = counter;
      count();
      return counter - before;
    });
    assert.strictEqual(grown, 1);
  },
  "import of a Node module": async (pool) =>
    assert.strictEqual(await pool.submit((f: string) => basename(f), "/a/b"), "b"),
  "dynamic import": async (pool) =>
    assert.strictEqual(await pool.submit(async () => (await import("./tasks.ts")).double(3)), 6),
  "instance of a local class": async (pool) => {
    const animal = new Animal("cat");
    assert.strictEqual(await pool.submit(() => animal.speak()), "cat speaks");
  },
  "instance of an imported class": async (pool) => {
    const v = new Vec(3, 4);
    assert.deepStrictEqual(await pool.submit(() => [v.length(), v instanceof Vec]), [5, true]);
  },
  "class derived from an imported one": async (pool) => {
    assert.strictEqual(await pool.submit(() => new Vec3(3, 4, 12).length()), 13);
  },
  "instances as argument and result": async (pool) => {
    const back: unknown = await pool.submit((a: Animal) => new Animal(a.name + "!"), new Animal("dog"));
    assert.ok(back instanceof Animal);
    assert.strictEqual(back.speak(), "dog! speaks");
  },
  "private members": async (pool) =>
    assert.strictEqual(
      await pool.submit(() => {
        const tally = new Tally();
        tally.add();
        return tally.add();
      }),
      2,
    ),
  "mutual recursion": async (pool) => assert.strictEqual(await pool.submit(isEven, 10), true),
  "shared variable": async (pool) => {
    const c = makeCounter();
    const n = await pool.submit(() => {
      c.up();
      c.up();
      return c.get();
    });
    assert.strictEqual(n, 2);
  },
  "async function": async (pool) =>
    assert.strictEqual(
      await pool.submit(async (x: number) => {
        await Promise.resolve();
        return x + factor;
      }, 1),
      4,
    ),
  "generator, streamed": async (pool) => {
    const stream = await pool.submit(function* (n: number) {
      for (let i = 0; i < n; i++) yield i * factor;
    }, 3);
    const got: number[] = [];
    for await (const item of stream as unknown as AsyncIterable<number>) got.push(item);
    assert.deepStrictEqual(got, [0, 3, 6]);
  },
  map: async (pool) => {
    const got: number[] = [];
    for await (const y of pool.map((x: number) => x * factor, [1, 2, 3])) got.push(y);
    assert.deepStrictEqual(got, [3, 6, 9]);
  },
  "function as an argument": async (pool) => {
    const apply = (f: (x: number) => number): number => f(2);
    assert.strictEqual(await pool.submit(apply, (x: number) => x + factor), 5);
  },
  "this of an inline arrow": async (pool) => assert.strictEqual(await new Job().run(pool), 20),
  "branches, for coverage": async (pool) => assert.strictEqual(await pool.submit(() => branches(1)), "small"),
  "error: class and properties": async (pool) => {
    const error = (await pool.submit(thrower).catch((e: unknown) => e)) as OrderError;
    // Compiled to ES5, an error of a subclass is no instance of it even at home.
    const atHome: unknown = new OrderError("", "");
    assert.strictEqual(error instanceof OrderError, atHome instanceof OrderError);
    assert.strictEqual(error.item, "apple");
    assert.strictEqual(error.message, "none left");
  },
  "error: true file and line": async (pool) => {
    const error = (await pool.submit(() => thrower()).catch((e: unknown) => e)) as Error;
    assertPlace(error.stack!, "throw", localStack());
  },
  "refusal: code, file and line": async (pool) => {
    const pending = Promise.resolve(1);
    let error: unknown;
    try {
      await pool.submit(() => /*refused*/ pending);
    } catch (e) {
      error = e;
    }
    assert.ok(error instanceof CaptureError, String(error));
    assert.strictEqual(error.code, "CAPTURE_UNCLONEABLE");
    assertPlace(String(error.where), "refused");
  },
  "explicit reference": async (pool) =>
    assert.strictEqual(await pool.submit(ref<typeof double>(TASKS_URL, "double"), 21), 42),
};

/** Filled in for the toolchain: modules and CommonJS name themselves differently. */
declare const TASKS_URL: string;

/** The user's own source, in which places are counted. */
const SOURCE = process.env["CASES_SOURCE"]!;

/** Some runners map places only when they report: there, a remote error must say what a local one says. */
function localStack(): string {
  try {
    return thrower();
  } catch (error) {
    return (error as Error).stack!;
  }
}

function assertPlace(text: string, mark: string, local: string = ""): void {
  const lines = readFileSync(SOURCE, "utf8").split("\n");
  const line = lines.findIndex((l) => l.includes(`/*${mark}*/`)) + 1;
  const places = text.match(/[\w.]+\.[cm]?[jt]s:\d+/g) ?? [];
  const [alike] = local.match(/cases\.[cm]?[jt]s:\d+/) ?? [];
  const found = places.includes(`cases.ts:${line}`) || places.some((place) => place === alike);
  assert.ok(found, `cases.ts:${line} is not among ${places.join(", ")}`);
}

const SECONDS_PER_CASE = 15;

/** Runs every case on both executors. */
export async function runCases(): Promise<Report> {
  return {
    thread: await runOver(new ThreadPoolExecutor({ maxWorkers: 1 })),
    process: await runOver(new ProcessPoolExecutor({ maxWorkers: 1 }) as never),
  };
}

async function runOver(pool: Pool): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [name, check] of Object.entries(checks))
    outcomes.push({ name, reason: await reasonOf(() => check(pool)) });
  await Promise.race([pool.terminate(), pause(5)]);
  return outcomes;
}

async function reasonOf(check: () => Promise<void>): Promise<string | null> {
  try {
    await Promise.race([
      check(),
      pause(SECONDS_PER_CASE).then(() => {
        throw new Error(`no answer in ${SECONDS_PER_CASE} s`);
      }),
    ]);
    return null;
  } catch (error) {
    const { message, code } = error as { message?: string; code?: string };
    return `${code ?? ""} ${message ?? String(error)}`.trim().slice(0, 400);
  }
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());
}
