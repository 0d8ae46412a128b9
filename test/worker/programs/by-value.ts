/** Modules that only this side's loader understands: submit and map work all the same. */
import { registerHooks } from "node:module";
import { ProcessPoolExecutor, ThreadPoolExecutor } from "spool";

const SOURCE = `export class Unit { constructor(n) { this.n = n } }
export const work = (unit) => unit.n * 2;
export const fail = () => { throw new RangeError("own") };`;
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.endsWith(".odd")) return next(specifier, context);
    return { url: new URL(specifier, context.parentURL).href, shortCircuit: true };
  },
  load(url, context, next) {
    if (!url.endsWith(".odd")) return next(url, context);
    return { format: "module", source: SOURCE, shortCircuit: true };
  },
});
const name = "./main.odd";
const { Unit, work, fail } = (await import(name)) as any;
for (const Executor of [ThreadPoolExecutor, ProcessPoolExecutor]) {
  const pool = new Executor({ maxWorkers: 2 });
  const units = [new Unit(1), new Unit(2), new Unit(3)];
  const submitted = await Promise.all(units.map((unit) => pool.submit(work, unit)));
  const mapped = await Array.fromAsync(pool.map(work, units));
  const error = await pool.submit(fail).catch((e: unknown) => e);
  console.log(submitted.join(), mapped.join(), String(error));
  await pool.shutdown();
}
