/** A module that only this side's loader understands: the worker fails to import it, and gets its code instead. */
import { registerHooks } from "node:module";
import { reship, ship } from "spool/closures";
import { threadCarrier } from "../fixtures/carriers.ts";

const SOURCES: Record<string, string> = {
  "main.odd": `import { base, Unit } from "./dep.odd"; import { join } from "node:path";
let calls = 0;
export function work(x) { calls++; return [x + base, new Unit(x).twice(), join("a", "b"), helper(calls)]; }
function helper(n) { return "call " + n; }`,
  "dep.odd": `export const base = 100; export class Unit { constructor(n) { this.n = n } twice() { return this.n * 2 } }`,
};
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.endsWith(".odd")) return next(specifier, context);
    return { url: new URL(specifier, context.parentURL ?? import.meta.url).href, shortCircuit: true };
  },
  load(url, context, next) {
    if (!url.endsWith(".odd")) return next(url, context);
    return { format: "module", source: SOURCES[url.split("/").at(-1)!]!, shortCircuit: true };
  },
});
const name = "./main.odd";
const { work } = (await import(name)) as { work: Function };
const carrier = threadCarrier();
const shipment = ship(work, { to: "thread" });
const failure = await carrier.run(work, [1]).catch((error: unknown) => error);
console.log((failure as { code: string }).code, shipment.stable);
const again = reship(shipment, failure);
console.log(again !== undefined, reship(again!, failure) === undefined);
console.log(JSON.stringify(await carrier.run(work, [1])));
await carrier.close();
