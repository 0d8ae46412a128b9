/** What a first capture loads of Node, before and after a class of `fetch` is met. */
import { packArguments, revive, ship } from "spool/closures";

const loaded = (): boolean =>
  (process as { moduleLoadList?: string[] }).moduleLoadList!.some((name) =>
    name.includes("deps/undici/undici"),
  );

const factor = 3;
const table = new Map([["a", factor]]);
ship((x: number) => x * factor + table.get("a")!, { to: "thread" });
packArguments([new Date(0), Math.max, Buffer.from("a")], { to: "thread" });
console.log("plain", loaded());
const { Headers: Captured } = globalThis;
const fn = (await revive(ship(() => new Captured([["k", "v"]]), { to: "thread" }).payload)) as () => Headers;
console.log("fetch", loaded(), fn() instanceof Headers);
