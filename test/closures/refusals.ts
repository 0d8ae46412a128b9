// oxlint-disable no-eval -- its refusal is one of the cases
/** Functions that must be refused before anything runs: with which code, along which path, at which place. */
import { createReadStream } from "node:fs";
import { type Server, createServer } from "node:net";
import type { Target } from "spool/closures";
import { ThreadPoolExecutor } from "spool/threading";
import * as library from "./fixtures/library.ts";

export interface Refused {
  readonly name: string;
  readonly code: string;
  readonly path: string;
  /** The name of the mark that stands right before the place in this file; none: the place of submission. */
  readonly mark: string | null;
  readonly hint: RegExp;
  readonly to?: Target;
  /** What is submitted; an array means arguments of a harmless function. */
  readonly make: () => Function | readonly unknown[];
}

let server: Server;
export const open = (): void => void (server = createServer());

class Account {
  #balance: number = 5;
  name: string = "n";
  peek(): number {
    return this.#balance;
  }
}
class Base {
  greet(): string {
    return "hi";
  }
}
class Derived extends Base {
  override greet(): string {
    return /*@super*/ super.greet();
  }
  later(): Promise<() => number> {
    return Promise.resolve(() => /*@this*/ this.greet().length);
  }
}
const deps = { name: "db", db: { srv: null as unknown } };

export const refusals: readonly Refused[] = [
  {
    name: "a server",
    code: "CAPTURE_HOST",
    path: "(anonymous)() -> captured variable `server`",
    mark: "server",
    hint: /open or create it inside/,
    make: () => () => /*@server*/ server.listening,
  },
  {
    name: "a server deep inside",
    code: "CAPTURE_HOST",
    path: "(anonymous)() -> captured variable `deps` -> .db -> .srv",
    mark: "deps",
    hint: /open or create it inside/,
    make: () => {
      deps.db.srv = server;
      return () => /*@deps*/ deps.name;
    },
  },
  {
    name: "a stream",
    code: "CAPTURE_HOST",
    path: "read() -> captured variable `stream`",
    mark: "stream",
    hint: /open or create it inside/,
    make: () => {
      const stream = createReadStream(import.meta.filename, { end: 0 });
      stream.destroy();
      return function read() {
        return /*@stream*/ stream.path;
      };
    },
  },
  {
    name: "an AbortController",
    code: "CAPTURE_HOST",
    path: "(anonymous)() -> captured variable `controller`",
    mark: "controller",
    hint: /`signal` option/,
    make: () => {
      const controller = new AbortController();
      return () => /*@controller*/ controller.abort();
    },
  },
  {
    name: "a promise",
    code: "CAPTURE_UNCLONEABLE",
    path: "(anonymous)() -> captured variable `pending`",
    mark: "pending",
    hint: /await it before/,
    make: () => {
      const pending = Promise.resolve(1);
      return async () => await /*@pending*/ pending;
    },
  },
  {
    name: "a running generator",
    code: "CAPTURE_UNCLONEABLE",
    path: "(anonymous)() -> captured variable `running`",
    mark: "running",
    hint: /generator function/,
    make: () => {
      const running = (function* () {
        yield 1;
      })();
      return () => [.../*@running*/ running];
    },
  },
  {
    name: "a WeakRef",
    code: "CAPTURE_UNCLONEABLE",
    path: "(anonymous)() -> captured variable `weak`",
    mark: "weak",
    hint: /the object itself/,
    make: () => {
      const weak = new WeakRef(deps);
      return () => /*@weak*/ weak.deref();
    },
  },
  {
    name: "a Proxy",
    code: "CAPTURE_PROXY",
    path: "(anonymous)() -> captured variable `proxy`",
    mark: "proxy",
    hint: /target/,
    make: () => {
      const proxy = new Proxy({ a: 1 }, {});
      return () => /*@proxy*/ proxy.a;
    },
  },
  {
    name: "an instance with native private members",
    code: "CAPTURE_PRIVATE",
    path: "(anonymous)() -> captured variable `account`",
    mark: "account",
    hint: /\[reduce\]/,
    make: () => {
      const account = new Account();
      return () => /*@account*/ account.name;
    },
  },
  {
    name: "a pool",
    code: "CAPTURE_HOST",
    path: "(anonymous)() -> captured variable `pool` -> .scheduler",
    mark: "pool",
    hint: /inside the function/,
    make: () => {
      const pool = new ThreadPoolExecutor();
      return () => /*@pool*/ pool.statistics();
    },
  },
  {
    name: "a method that uses private names",
    code: "CAPTURE_PRIVATE",
    path: "peek()",
    mark: null,
    hint: /method of the class/,
    make: () => Account.prototype.peek,
  },
  {
    name: "a method that uses super",
    code: "CAPTURE_SUPER",
    path: "greet()",
    mark: "super",
    hint: /whole object/,
    make: () => Derived.prototype.greet,
  },
  {
    name: "new.target of the function around",
    code: "CAPTURE_NEW_TARGET",
    path: "(anonymous)()",
    mark: "target",
    hint: /variable/,
    make: () => {
      function Make(): () => unknown {
        return () => /*@target*/ new.target;
      }
      return Make();
    },
  },
  {
    name: "arguments of the function around",
    code: "CAPTURE_ARGUMENTS",
    path: "(anonymous)()",
    mark: "arguments",
    hint: /rest parameter/,
    make: () =>
      (function () {
        return () => /*@arguments*/ arguments.length;
      })(),
  },
  {
    name: "direct eval",
    code: "CAPTURE_EVAL",
    path: "(anonymous)()",
    mark: "eval",
    hint: /as a function/,
    make: () => () => /*@eval*/ eval("1 + 1"),
  },
  {
    name: "native code that nothing names",
    code: "CAPTURE_NATIVE",
    path: "(anonymous)() -> captured variable `resolve`",
    mark: "native",
    hint: /inside a function of your own/,
    make: () => {
      const { resolve } = Promise.withResolvers<number>();
      return () => /*@native*/ resolve(1);
    },
  },
  {
    name: "a variable used only to name a member",
    code: "CAPTURE_MISSING",
    path: "(anonymous)() -> captured variable `Keyed`",
    mark: "missing",
    hint: /function body/,
    make: () => {
      const key = `k${deps.name}`;
      class Keyed {
        [/*@missing*/ key](): number {
          return 1;
        }
      }
      return () => new Keyed();
    },
  },
  {
    name: "a variable before its declaration has run",
    code: "CAPTURE_UNINITIALIZED",
    path: "(anonymous)()",
    mark: "tdz",
    hint: /after the declaration/,
    make: () => {
      const early = (): Function => () => /*@tdz*/ late;
      const fn = early();
      throwIfSubmittedLate(fn);
      const late = 1;
      return fn;
    },
  },
  {
    name: "a module's namespace as a value",
    code: "CAPTURE_NAMESPACE",
    path: "(anonymous)() -> captured variable `modules` -> .constants",
    mark: "modules",
    hint: /import the module/,
    make: () => {
      const modules = { constants: library };
      return () => /*@modules*/ modules.constants.tau;
    },
  },
  {
    name: "shared memory for a process",
    code: "CAPTURE_SHARED_MEMORY",
    path: "(anonymous)() -> captured variable `shared`",
    mark: "shared",
    hint: /SharedMemory/,
    to: "process",
    make: () => {
      const shared = new Int32Array(new SharedArrayBuffer(4));
      return () => /*@shared*/ shared[0];
    },
  },
  {
    name: "a server among the arguments",
    code: "CAPTURE_HOST",
    path: "arguments -> [1] -> .server",
    mark: null,
    hint: /open or create it inside/,
    make: () => [1, { server }],
  },
  {
    name: "what a function among the arguments captures",
    code: "CAPTURE_HOST",
    path: "arguments -> [0] -> captured variable `server`",
    mark: "argument",
    hint: /open or create it inside/,
    make: () => [() => /*@argument*/ server.close()],
  },
  {
    name: "shared memory among the arguments for a process",
    code: "CAPTURE_SHARED_MEMORY",
    path: "arguments -> [0]",
    mark: null,
    hint: /SharedMemory/,
    to: "process",
    make: () => [new Uint8Array(new SharedArrayBuffer(1))],
  },
];

/** An arrow whose method has returned, to be submitted after. */
export function detachedArrow(): Promise<Function> {
  return new Derived().later();
}

/** Set by the test, to see the function before `late` has a value. */
export const hooks: { early: ((fn: Function) => void) | null } = { early: null };
function throwIfSubmittedLate(fn: Function): void {
  hooks.early?.(fn);
}
