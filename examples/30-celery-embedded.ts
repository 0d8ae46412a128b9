import { Celery, chain, chord } from "spool/celery";

/**
 * App, worker and client in one file, with nothing installed and no server: the broker is a file. Put a `redis://` or
 * `amqp://` URL there and the same program runs on many machines, and with Python's Celery.
 *
 * Two terminals: `spool celery worker -A examples/31-celery-app.ts` in one, this file's calls in the other.
 */
const app = new Celery("demo", { broker: "memory://demo" });

const add = app.task("demo.add", (x: number, y: number) => x + y);
const total = app.task("demo.total", (xs: number[]) => xs.reduce((a, b) => a + b, 0));
const flaky = app.task(
  "demo.flaky",
  (self, tries: number) => {
    if (self.retries < tries) self.retry({ countdown: 0 });
    return `worked at try ${self.retries + 1}`;
  },
  { bind: true },
);

const worker = app.worker();
await worker.start();

console.log(await add.delay(1, 2).get());
console.log(await flaky.delay(2).get());
console.log(await chain(add.s(1, 2), add.s(10)).delay().get());
console.log(
  await chord([add.s(1, 2), add.s(3, 4)], total.s())
    .delay()
    .get(),
);

await worker.stop();
await app.close();
// Prints: 3
// Prints: worked at try 3
// Prints: 13
// Prints: 10
