/** A function travels with what it uses: constants, helpers, classes, instances, imports. */
import { basename } from "node:path";
import { CaptureError } from "spool/closures";
import { ThreadPoolExecutor } from "spool";

class Rate {
  percent: number;
  constructor(percent: number) {
    this.percent = percent;
  }
  of(amount: number): number {
    return (amount * this.percent) / 100;
  }
}
const vat = new Rate(20);
const label = (file: string, amount: number): string => `${basename(file)}: ${vat.of(amount)}`;

await using pool = new ThreadPoolExecutor({ maxWorkers: 2 });
console.log(await pool.submit(() => label("/bills/march.pdf", 50)));
console.log((await pool.submit(() => new Rate(5))) instanceof Rate);

const pending = Promise.resolve();
try {
  await pool.submit(() => pending);
} catch (error) {
  if (error instanceof CaptureError) console.log(error.code, error.path);
}

// Prints: march.pdf: 10
// Prints: true
// Prints: CAPTURE_UNCLONEABLE (anonymous)() -> captured variable `pending`
