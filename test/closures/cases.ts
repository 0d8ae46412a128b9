// oxlint-disable no-eval, no-implied-eval, typescript/no-implied-eval: those must travel as well.
/**
 * Functions that must run elsewhere as they do here, for any carrier: each case gives a function, its arguments and
 * what comes back. Nothing here knows how the function travels.
 */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import * as fs from "node:fs";
import path, { basename } from "node:path";
import { reduce } from "spool/closures";
import anonymous from "./fixtures/anonymous.ts";
import common from "./fixtures/common.cjs";
import data from "./fixtures/data.json" with { type: "json" };
import half, {
  Vec,
  config,
  count,
  counter,
  double,
  doubleLater,
  getHidden,
  makeAdder,
  table,
  tau,
  triple as times3,
} from "./fixtures/library.ts";
import * as library from "./fixtures/library.ts";

export interface Case {
  readonly group: string;
  readonly name: string;
  /** Made anew for each run, at the moment of submission. */
  readonly make: () => Trip;
}

export type Submit = (fn: Function, args?: readonly unknown[]) => Promise<unknown>;

export interface Trip {
  readonly fn?: Function;
  readonly args?: readonly unknown[];
  /** In place of `fn`, where it matters from where the function is submitted. */
  readonly within?: (submit: Submit) => Promise<unknown>;
  /** The result; or, for a function, a check of it. */
  readonly result: unknown;
}

/** Runs one case by `submit` and compares. */
export async function check({ make }: Case, submit: Submit): Promise<void> {
  const { fn, args, within, result } = make();
  const got = within === undefined ? await submit(fn!, args) : await within(submit);
  if (typeof result === "function") assert.ok(await result(got), `got ${String(got)}`);
  else assert.deepStrictEqual(got, result);
}

const list: Case[] = [];
function group(name: string, cases: Record<string, () => Trip>): void {
  for (const [title, make] of Object.entries(cases)) list.push({ group: name, name: title, make });
}

// Module-level things that cases capture.
const factor = 3;
let level = 10;
let tally = 0;
const words = ["b", "a"];
const nested = { list: [1, { two: 2 }], map: new Map([["k", new Set([1, 2])]]) };
const FROZEN = Object.freeze({ a: 1, inner: Object.freeze([1, 2]) });
function fact(n: number): number {
  return n < 2 ? 1 : n * fact(n - 1);
}
const isEven = (n: number): boolean => n === 0 || isOdd(n - 1);
const isOdd = (n: number): boolean => n !== 0 && isEven(n - 1);
const memo = new Map<number, number>();
const fib = (n: number): number => {
  const known = memo.get(n);
  if (known !== undefined) return known;
  const value = n < 2 ? n : fib(n - 1) + fib(n - 2);
  memo.set(n, value);
  return value;
};

class Animal {
  name: string;
  constructor(name: string) {
    this.name = name;
  }
  speak(): string {
    return `${this.name} ${this.sound}`;
  }
  get sound(): string {
    return "...";
  }
  static kingdom: string = "animalia";
  static make(name: string): Animal {
    return new this(name);
  }
}
class Dog extends Animal {
  tricks: string[] = [];
  override get sound(): string {
    return "woof";
  }
  override speak(): string {
    return `${super.speak()}!`;
  }
}
class Counter {
  #n: number = 0;
  inc(): number {
    return ++this.#n;
  }
  static #made: number = 0;
  static made(): number {
    return ++Counter.#made;
  }
}
const Serialisable = <T extends new (...args: any[]) => object>(Base: T) =>
  class extends Base {
    toText(): string {
      return JSON.stringify(this);
    }
  };
class Point {
  x: number;
  constructor(x: number) {
    this.x = x;
  }
}
class TextPoint extends Serialisable(Point) {}
class Vec3 extends Vec {
  z: number;
  constructor(x: number, y: number, z: number) {
    super(x, y);
    this.z = z;
  }
  override length(): number {
    return Math.hypot(super.length(), this.z);
  }
}
class Stack<T> extends Array<T> {
  top(): T | undefined {
    return this[this.length - 1];
  }
}
class Registry extends Map<string, number> {
  sum(): number {
    return [...this.values()].reduce((a, b) => a + b, 0);
  }
}
class AppError extends Error {
  readonly status: number;
  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "AppError";
    this.status = status;
  }
}
class Bus extends EventEmitter {
  seen: string[] = [];
}
class Temperature {
  #celsius: number;
  constructor(celsius: number) {
    this.#celsius = celsius;
  }
  get celsius(): number {
    return this.#celsius;
  }
  [reduce](): { revive: { url: string; name: string }; state: unknown } {
    return {
      revive: { url: new URL("./fixtures/temperature.ts", import.meta.url).href, name: "temperature" },
      state: { celsius: this.#celsius },
    };
  }
}
class Job {
  k: number = 4;
  readonly socketLike: { send: string } = { send: "no" };
  twice(): number {
    return this.k * 2;
  }
  handler: (x: number) => number = (x) => x + this.k;
  property(submit: Submit): Promise<unknown> {
    return submit((x: number) => x * this.k, [2]);
  }
  method(submit: Submit): Promise<unknown> {
    return submit(() => this.twice() + this.k);
  }
  async afterAwait(submit: Submit): Promise<unknown> {
    await Promise.resolve();
    return await submit(() => this.k);
  }
  callback(submit: Submit): Promise<unknown[]> {
    return Promise.all([1, 2].map((x) => submit(() => this.k + x)));
  }
  async bothOfOneClass(other: Job, submit: Submit): Promise<unknown> {
    return await submit(() => [this.k, other.k, this instanceof Job && other instanceof Job]);
  }
}
function OldStyle(this: { n: number }, n: number): void {
  this.n = n;
}
OldStyle.prototype.plus = function (this: { n: number }, m: number): number {
  return this.n + m;
};
const tagged = Object.assign((x: number): number => x + tagged.offset, { offset: 100 });
const counterPair = (): { inc: () => number; get: () => number } => {
  let n = 0;
  return { inc: () => ++n, get: () => n };
};

group("captures", {
  "no capture": () => ({ fn: (x: number) => x * x, args: [5], result: 25 }),
  "module constant": () => ({ fn: (x: number) => x * factor, args: [5], result: 15 }),
  "module let, value at submission": () => {
    level = 20;
    const fn = (x: number): number => x + level;
    return { fn, args: [1], result: 21 };
  },
  "array, and the copy does not write back": () => ({
    fn: () => words.sort().join(),
    result: (got: unknown) => got === "a,b" && words[0] === "b",
  }),
  "nested data": () => ({ fn: () => nested, result: nested }),
  "function parameter": () => {
    const make = (n: number) => (x: number) => x + n;
    return { fn: make(7), args: [1], result: 8 };
  },
  "two closures of one code": () => {
    const make = (n: number) => () => n;
    const [a, b] = [make(1), make(2)];
    return { fn: () => [a(), b()], result: [1, 2] };
  },
  "loop variable": () => {
    const fns: (() => number)[] = [];
    for (let i = 0; i < 3; i++) fns.push(() => i * 10);
    return { fn: () => fns.map((f) => f()), result: [0, 10, 20] };
  },
  "block scope": () => {
    let fn!: Function;
    {
      const inner = "block";
      fn = () => inner;
    }
    return { fn, result: "block" };
  },
  "catch scope": () => {
    try {
      throw new RangeError("caught");
    } catch (error) {
      return { fn: () => (error as Error).message, result: "caught" };
    }
  },
  "shadowed names": () => {
    const x = "outer";
    const fn = (): string[] => {
      const inner = x;
      return [inner, ((x) => x)("inner")];
    };
    return { fn, result: ["outer", "inner"] };
  },
  "default parameter": () => ({ fn: (x: number, y: number = factor) => x + y, args: [1], result: 4 }),
  destructuring: () => ({
    fn: ({ a, ...rest }: { a: number; b: number }, [c = factor]: number[]) => [a, rest, c],
    args: [{ a: 1, b: 2 }, []],
    result: [1, { b: 2 }, 3],
  }),
  "typeof of an unknown global": () => ({
    // @ts-expect-error: not declared anywhere
    fn: () => typeof notDeclaredAnywhere,
    result: "undefined",
  }),
  "a global set by the program": () => {
    (globalThis as Record<string, unknown>)["userGlobal"] = { v: 9 };
    // @ts-expect-error: declared at run time
    return { fn: () => userGlobal.v, result: 9 };
  },
  "undefined, NaN, -0, Infinity, null": () => {
    const odd = [undefined, NaN, -0, Infinity, null] as const;
    return { fn: () => odd, result: odd };
  },
  "unicode text": () => {
    const größe = "ä😀";
    return { fn: () => `${größe}→`, result: "ä😀→" };
  },
  "snapshot of a mutable object": () => {
    const box = { n: 1 };
    const fn = (): number => box.n;
    queueMicrotask(() => (box.n = 99));
    return { fn, result: 1 };
  },
});

group("kinds of functions", {
  declaration: () => ({ fn: fact, args: [10], result: 3628800 }),
  "function expression": () => ({
    fn: function (a: number) {
      return a + factor;
    },
    args: [1],
    result: 4,
  }),
  "named function expression": () => ({
    fn: function down(n: number): number {
      return n === 0 ? 0 : down(n - 1);
    },
    args: [3],
    result: 0,
  }),
  "async arrow": () => ({
    fn: async (x: number) => (await Promise.resolve(x)) * factor,
    args: [2],
    result: 6,
  }),
  "async function": () => ({
    fn: async function (x: number) {
      return await doubleLater(x);
    },
    args: [2],
    result: 4,
  }),
  generator: () => ({
    fn: function* (n: number) {
      for (let i = 0; i < n; i++) yield i * factor;
    },
    args: [3],
    result: [0, 3, 6],
  }),
  "async generator": () => ({
    fn: async function* (n: number) {
      for (let i = 0; i < n; i++) yield await Promise.resolve(i + factor);
    },
    args: [2],
    result: [3, 4],
  }),
  "method of an object": () => {
    const object = {
      run(x: number) {
        return x + factor;
      },
    };
    return { fn: object.run, args: [1], result: 4 };
  },
  "async and generator methods": () => {
    const object = {
      async later(x: number) {
        return x * factor;
      },
      *steps() {
        yield* [1, factor];
      },
    };
    return { fn: async () => [await object.later(2), [...object.steps()]], result: [6, [1, 3]] };
  },
  "computed method": () => {
    const key = "dynamic";
    const object = {
      [key](x: number) {
        return x - 1;
      },
    };
    return { fn: object[key], args: [3], result: 2 };
  },
  "getter and setter of a captured object": () => {
    const object = {
      n: 1,
      get twice() {
        return this.n * 2;
      },
      set twice(v: number) {
        this.n = v / 2;
      },
    };
    return {
      fn: () => {
        object.twice = 10;
        return [object.n, object.twice];
      },
      result: [5, 10],
    };
  },
  "method of a class, without its instance": () => ({
    fn: Animal.prototype.speak.bind({ name: "x", sound: "y", speak: () => "" }),
    result: "x y",
  }),
  "bound function with arguments": () => ({
    fn: ((a: number, b: number, c: number) => [a, b, c, factor]).bind(null, 1, 2),
    args: [3],
    result: [1, 2, 3, 3],
  }),
  "builtin function": () => ({ fn: Math.max, args: [1, 9, 3], result: 9 }),
  "captured builtins": () => {
    const { max } = Math;
    const { stringify } = JSON;
    const slice = Array.prototype.slice;
    return { fn: () => stringify([max(1, 2), slice.call("abc", 1)]), result: '[2,["b","c"]]' };
  },
  "a global that Node loads on first use": () => {
    const { Headers: Captured } = globalThis;
    return { fn: (value: string) => new Captured([["k", value]]).get("k"), args: ["v"], result: "v" };
  },
  "function of a Node module": () => ({ fn: path.join, args: ["a", "b"], result: path.join("a", "b") }),
  "function with properties": () => ({ fn: tagged, args: [1], result: 101 }),
  "closure from eval": () => ({ fn: (0, eval)("(n => x => x * n)")(6), args: [7], result: 42 }),
  "function from new Function": () => ({ fn: new Function("a", "return a + 1"), args: [1], result: 2 }),
  "name and length": () => ({
    fn: () => [fact.name, fact.length, isEven.name, Animal.name],
    result: ["fact", 1, "isEven", "Animal"],
  }),
  "strict mode is kept": () => ({
    fn: function (this: unknown) {
      return this === undefined;
    },
    result: true,
  }),
  "sloppy mode is kept": () => ({
    fn: new Function("return this === globalThis"),
    result: true,
  }),
});

group("recursion", {
  recursion: () => ({ fn: (n: number) => fact(n), args: [5], result: 120 }),
  "mutual recursion": () => ({ fn: isEven, args: [10], result: true }),
  "recursion with a memo": () => ({ fn: fib, args: [50], result: 12586269025 }),
  "local recursive closure": () => {
    const sum = (xs: readonly number[]): number => (xs.length === 0 ? 0 : xs[0]! + sum(xs.slice(1)));
    return { fn: sum, args: [[1, 2, 3]], result: 6 };
  },
  "functions in a cyclic table": () => {
    const ops: Record<string, (n: number) => number> = {
      a: (n) => (n <= 0 ? 0 : 1 + ops["b"]!(n - 1)),
      b: (n) => (n <= 0 ? 0 : 1 + ops["a"]!(n - 1)),
    };
    return { fn: ops["a"]!, args: [7], result: 7 };
  },
});

group("imports", {
  "exported function itself": () => ({ fn: double, args: [4], result: 8 }),
  named: () => ({ fn: (x: number) => double(x) + 1, args: [4], result: 9 }),
  renamed: () => ({ fn: (x: number) => times3(x), args: [4], result: 12 }),
  default: () => ({ fn: (x: number) => half(x), args: [4], result: 2 }),
  "default, anonymous": () => ({ fn: anonymous, args: [4], result: 40 }),
  namespace: () => ({ fn: () => library.tau * library.double(1), result: 12.56 }),
  constant: () => ({ fn: () => tau, result: 6.28 }),
  object: () => ({ fn: () => config.nested.deep, result: ["a", "b"] }),
  "shorthand property": () => ({ fn: () => ({ tau }), result: { tau: 6.28 } }),
  "live binding": () => ({
    fn: () => {
      const before = counter;
      count();
      count();
      return counter - before;
    },
    result: 2,
  }),
  "builtin module, named": () => ({ fn: (f: string) => basename(f), args: ["/a/b.c"], result: "b.c" }),
  "builtin module, default": () => ({ fn: (f: string) => path.extname(f), args: ["/a/b.c"], result: ".c" }),
  "builtin module, namespace": () => ({ fn: (f: string) => fs.existsSync(f), args: ["/"], result: true }),
  "namespace of a builtin module as a value": () => {
    const modules = { fs };
    return { fn: () => modules.fs.existsSync("/"), result: true };
  },
  JSON: () => ({ fn: () => data.answer, result: 42 }),
  CommonJS: () => ({ fn: (f: string) => common.base(f), args: ["/x/y"], result: "y" }),
  "dynamic import": () => ({
    fn: async (x: number) => (await import("./fixtures/library.ts")).double(x),
    args: [3],
    result: 6,
  }),
  "dynamic import of a builtin": () => ({
    fn: async () => (await import("node:path")).posix.sep,
    result: "/",
  }),
  "import.meta": () => ({
    fn: () => [import.meta.url, basename(import.meta.filename), import.meta.dirname.length > 0],
    result: [import.meta.url, basename(import.meta.filename), true],
  }),
  "function that its module does not export": () => ({ fn: getHidden(), args: [1], result: 42 }),
  "closure made by an imported function": () => ({ fn: makeAdder(5), args: [1], result: 6 }),
  "member of an exported table": () => ({ fn: table["inc"]!, args: [1], result: 2 }),
  "method of an exported class": () => ({
    fn: Vec.prototype.length.bind(new Vec(3, 4)),
    result: 5,
  }),
  "static method of an exported class": () => ({
    fn: (x: number) => Vec.of(x, 0).length(),
    args: [2],
    result: 2,
  }),
  "exported function in a data structure": () => {
    const steps = [double, half, table["dec"]!];
    return { fn: (x: number) => steps.reduce((v, f) => f(v), x), args: [5], result: 4 };
  },
});

group("CommonJS", {
  "exported function": () => ({ fn: common.add, args: [1], result: 6 }),
  closure: () => ({ fn: common.makeMultiplier(2), args: [3], result: 30 }),
  __filename: () => ({ fn: common.here, result: "common.cjs" }),
  "require and __dirname": () => ({ fn: common.makeRequirer(), args: ["a.b"], result: ".bfixtures" }),
  exports: () => ({ fn: common.makeSelf(), args: [1], result: 6 }),
  "instance of its class": () => {
    const box = new common.Box(3);
    return { fn: () => box.get() + (box instanceof common.Box ? 1 : 0), result: 4 };
  },
});

group("classes", {
  class: () => ({ fn: (n: string) => new Animal(n).speak(), args: ["cat"], result: "cat ..." }),
  "derived class with super": () => ({ fn: () => new Dog("rex").speak(), result: "rex woof!" }),
  "static members": () => ({ fn: () => [Animal.kingdom, Animal.make("a").name], result: ["animalia", "a"] }),
  "static data as it is now": () => {
    class Settings {
      static mode: string = "start";
    }
    Settings.mode = "changed";
    return { fn: () => Settings.mode, result: "changed" };
  },
  "native private members, used inside": () => ({
    fn: () => {
      const c = new Counter();
      c.inc();
      return c.inc();
    },
    result: 2,
  }),
  "static private members": () => ({
    fn: () => Counter.made(),
    result: (n: unknown) => typeof n === "number",
  }),
  mixin: () => ({ fn: () => new TextPoint(4).toText(), result: '{"x":4}' }),
  "class derived from an imported one": () => ({ fn: () => new Vec3(3, 4, 12).length(), result: 13 }),
  "class expression": () => {
    const Local = class {
      v: number = factor;
    };
    return { fn: () => new Local().v, result: 3 };
  },
  "classes that refer to each other": () => {
    class A {
      b(): B {
        return new B();
      }
    }
    class B {
      a(): A {
        return new A();
      }
    }
    return { fn: () => new A().b().a() instanceof A, result: true };
  },
  "class with a static block": () => {
    class S {
      static seen: number[] = [];
      static {
        this.seen.push(factor);
      }
    }
    return { fn: () => S.seen, result: [3] };
  },
  "computed member names": () => {
    class It {
      *[Symbol.iterator]() {
        yield 1;
        yield factor;
      }
    }
    return { fn: () => [...new It()], result: [1, 3] };
  },
  "old-style constructor": () => {
    return { fn: () => new (OldStyle as any)(3).plus(4), result: 7 };
  },
});

group("instances", {
  "of a local class": () => {
    const dog = new Dog("rex");
    dog.tricks.push("sit");
    return {
      fn: () => [dog.speak(), dog.tricks, dog instanceof Animal],
      result: ["rex woof!", ["sit"], true],
    };
  },
  "of an imported class": () => {
    const v = new Vec(3, 4);
    return { fn: () => [v.length(), v instanceof Vec], result: [5, true] };
  },
  "of a derived class": () => {
    const v = new Vec3(3, 4, 12);
    return { fn: () => [v.length(), v instanceof Vec, v instanceof Vec3], result: [13, true, true] };
  },
  "of a mixin": () => {
    const p = new TextPoint(1);
    return { fn: () => p.toText(), result: '{"x":1}' };
  },
  "of a subclass of Array": () => {
    const stack = Stack.from([1, 2, 3]) as Stack<number>;
    return { fn: () => [stack.top(), stack.length, Array.isArray(stack)], result: [3, 3, true] };
  },
  "of a subclass of Map": () => {
    const registry = new Registry([["a", 1]]);
    registry.set("b", 2);
    return { fn: () => registry.sum(), result: 3 };
  },
  "of a subclass of EventEmitter": () => {
    const bus = new Bus();
    bus.on("x", (s: string) => bus.seen.push(s));
    return {
      fn: () => {
        bus.emit("x", "hello");
        return bus.seen;
      },
      result: ["hello"],
    };
  },
  "of an old-style constructor": () => {
    const old = new (OldStyle as any)(1);
    return { fn: () => [old.plus(1), old instanceof (OldStyle as any)], result: [2, true] };
  },
  "as an argument": () => ({
    fn: (v: Vec3, d: Dog) => [v.length(), v instanceof Vec3, d instanceof Dog, d.speak()],
    args: [new Vec3(3, 4, 12), new Dog("a")],
    result: [13, true, true, "a woof!"],
  }),
  "returned, of a local class": () => ({
    fn: () => new Dog("back"),
    result: (got: unknown) => got instanceof Dog && got.speak() === "back woof!",
  }),
  "returned, of an imported class": () => ({
    fn: () => [new Vec(3, 4)],
    result: (got: Vec[]) => got[0] instanceof Vec && got[0].length() === 5,
  }),
  "there and back": () => {
    const dog = new Dog("x");
    return { fn: (d: Dog) => d, args: [dog], result: (got: unknown) => got instanceof Dog && got !== dog };
  },
  "with a reduce method": () => {
    const t = new Temperature(21);
    return { fn: () => t.celsius, result: 21 };
  },
  "with a reduce method, as an argument": () => ({
    fn: (ts: Temperature[]) => ts.map((t) => t.celsius),
    args: [[new Temperature(1), new Temperature(2)]],
    result: [1, 2],
  }),
  "with symbol keys and hidden properties": () => {
    const key = Symbol.for("case.key");
    const object = Object.defineProperty({ [key]: 1 }, "hidden", { value: 2 });
    return {
      fn: () => [object[key as never], Object.keys(object).length, (object as any).hidden],
      result: [1, 0, 2],
    };
  },
  "with a prototype that is no class": () => {
    const base = { hi: (): string => `hi ${factor}` };
    const object = Object.create(base) as typeof base;
    return { fn: () => object.hi(), result: "hi 3" };
  },
  "without a prototype": () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    return { fn: () => [Object.getPrototypeOf(bare), Object.keys(bare)], result: [null, ["a"]] };
  },
  frozen: () => ({
    fn: () => [Object.isFrozen(FROZEN), Object.isFrozen(FROZEN.inner), FROZEN.a],
    result: [true, true, 1],
  }),
});

group("sharing", {
  "cyclic object": () => {
    const node: { self?: unknown; f: () => number } = { f: () => 1 };
    node.self = node;
    return { fn: () => node.self === node, result: true };
  },
  "cyclic data": () => {
    const a: { b?: unknown } = {};
    a.b = [a];
    return { fn: () => (a.b as unknown[])[0] === a, result: true };
  },
  "one object, captured twice": () => {
    const shared = { n: 1 };
    const [a, b] = [{ shared }, { shared, f: () => shared }];
    return { fn: () => a.shared === b.shared && b.f() === shared, result: true };
  },
  "one function, reached twice": () => {
    const f = (): number => factor;
    const pair = { f, g: f };
    return { fn: () => pair.f === pair.g && pair.f === f, result: true };
  },
  "shared mutable variable of the module": () => {
    const add = (n: number): void => void (tally += n);
    const read = (): number => tally;
    return {
      fn: () => {
        const before = read();
        add(2);
        add(3);
        return read() - before;
      },
      result: 5,
    };
  },
  "shared mutable variable of a closure": () => {
    const pair = counterPair();
    return {
      fn: () => {
        pair.inc();
        pair.inc();
        return pair.get();
      },
      result: 2,
    };
  },
  "two closures, each with its own variable": () => {
    const [a, b] = [counterPair(), counterPair()];
    return {
      fn: () => {
        a.inc();
        a.inc();
        b.inc();
        return [a.get(), b.get()];
      },
      result: [2, 1],
    };
  },
  "own mutable variable": () => {
    let n = 5;
    const next = (): number => ++n;
    return { fn: () => [next(), next()], result: [6, 7] };
  },
  "WeakMap by key": () => {
    const key = { id: 1 };
    const weak = new WeakMap([[key, "found"]]);
    return { fn: () => weak.get(key), result: "found" };
  },
  WeakSet: () => {
    const member = {};
    const weak = new WeakSet([member]);
    return { fn: () => [weak.has(member), weak.has({})], result: [true, false] };
  },
  SharedArrayBuffer: () => ({ fn: (n: number) => n, args: [1], result: 1 }),
});

group("values", {
  "Map and Set": () => {
    const map = new Map<unknown, unknown>([[1, new Set(["a"])]]);
    return { fn: () => map, result: map };
  },
  "Map with functions and instances": () => {
    const map = new Map<string, unknown>([
      ["f", (x: number) => x * factor],
      ["v", new Vec(3, 4)],
    ]);
    return {
      fn: () => [(map.get("f") as (x: number) => number)(2), (map.get("v") as Vec).length()],
      result: [6, 5],
    };
  },
  Date: () => {
    const date = new Date(86_400_000);
    return { fn: () => date, result: date };
  },
  RegExp: () => {
    const pattern = /a(b+)/gi;
    return { fn: (s: string) => s.replace(pattern, "<$1>"), args: ["xabbAB"], result: "x<bb><B>" };
  },
  BigInt: () => {
    const big = 2n ** 70n;
    return { fn: () => big + 1n, result: 2n ** 70n + 1n };
  },
  "typed arrays": () => {
    const floats = new Float64Array([1.5, 2.5]);
    const part = new Uint8Array(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2);
    return { fn: () => [floats, part], result: [floats, part] };
  },
  "two views of one buffer": () => {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    return {
      fn: () => {
        view.setUint8(3, 77);
        return bytes[3];
      },
      result: 77,
    };
  },
  ArrayBuffer: () => {
    const buffer = new Uint8Array([7]).buffer;
    return { fn: () => new Uint8Array(buffer)[0], result: 7 };
  },
  Buffer: () => {
    const bytes = Buffer.from("hi");
    return {
      fn: () => [Buffer.isBuffer(bytes), bytes.toString("hex"), bytes.length],
      result: [true, "6869", 2],
    };
  },
  "Buffer, as argument and result": () => ({
    fn: (b: Buffer) => Buffer.concat([b, Buffer.from("!")]),
    args: [Buffer.from("hi")],
    result: Buffer.from("hi!"),
  }),
  URL: () => {
    const url = new URL("https://example.org/a?b=1");
    return { fn: () => [url.host, url.searchParams.get("b")], result: ["example.org", "1"] };
  },
  URLSearchParams: () => {
    const params = new URLSearchParams({ q: "x y" });
    return { fn: () => params.toString(), result: "q=x+y" };
  },
  "Error with cause and own properties": () => {
    const error = new AppError("bad", 500, { cause: new TypeError("deep") });
    return {
      fn: () => [
        error.message,
        error.status,
        (error.cause as Error).name,
        error instanceof AppError,
        error.stack!.includes("bad"),
      ],
      result: ["bad", 500, "TypeError", true, true],
    };
  },
  AggregateError: () => {
    const error = new AggregateError([new RangeError("a")], "many");
    return { fn: () => [error.errors[0] instanceof RangeError, error.message], result: [true, "many"] };
  },
  symbols: () => {
    const own = Symbol("own");
    const record = { [own]: 1, [Symbol.for("reg")]: 2 };
    return {
      fn: () => [record[own as never], record[Symbol.for("reg") as never], own.description],
      result: [1, 2, "own"],
    };
  },
  "boxed values": () => {
    const boxed = [Object(1n), new String("s")] as const;
    return { fn: () => [typeof boxed[0], `${String(boxed[1])}`], result: ["object", "s"] };
  },
  "sparse array": () => {
    const sparse = [1, 2, 3];
    // oxlint-disable-next-line typescript/no-array-delete
    delete sparse[1];
    return { fn: () => [1 in sparse, sparse.length], result: [false, 3] };
  },
  "array with a property": () => {
    const list = Object.assign([1, 2], { total: 3 });
    return { fn: () => [list.length, list.total], result: [2, 3] };
  },
  "functions as arguments": () => ({
    fn: (f: (x: number) => number, xs: number[]) => xs.map(f),
    args: [(x: number) => x * factor, [1, 2]],
    result: [3, 6],
  }),
  "function as a result": () => ({
    fn: (n: number) => (x: number) => x + n + factor,
    args: [1],
    result: (f: (x: number) => number) => f(1) === 5,
  }),
  "null and undefined results": () => ({ fn: () => [null, undefined], result: [null, undefined] }),
});

group("this", {
  "inline arrow, one property": () => ({ within: (submit) => new Job().property(submit), result: 8 }),
  "inline arrow, a method": () => ({ within: (submit) => new Job().method(submit), result: 12 }),
  "inline arrow, after await": () => ({ within: (submit) => new Job().afterAwait(submit), result: 4 }),
  "inline arrow, in a callback": () => ({ within: (submit) => new Job().callback(submit), result: [5, 6] }),
  "inline arrow, with another instance": () => ({
    within: (submit) => new Job().bothOfOneClass(Object.assign(new Job(), { k: 5 }), submit),
    result: [4, 5, true],
  }),
  "bound method": () => ({ fn: new Job().twice.bind(new Job()), result: 8 }),
  "arrow in a class field": () => {
    const job = new Job();
    job.k = 10;
    return { fn: () => job.handler(1), result: 11 };
  },
  "method through its object": () => {
    const job = new Job();
    job.k = 3;
    return { fn: () => job.twice(), result: 6 };
  },
});

group("poison", {
  "a helper that mentions what cannot travel, unused": () => {
    const handle = Promise.resolve();
    const helper = { ok: () => 1, bad: () => handle.then(() => 2) };
    return { fn: () => helper.ok(), result: 1 };
  },
  "an instance whose class mentions it": () => {
    const pending = Promise.resolve(1);
    class Uses {
      v: number = 2;
      never(): unknown {
        return pending;
      }
    }
    const instance = new Uses();
    return { fn: () => instance.v, result: 2 };
  },
});

export const cases: readonly Case[] = list;
