/** Tasks, a worker and a chain; with a Redis or RabbitMQ URL the same tasks are Python Celery's. */
import { Celery, chain } from "spool/celery";

const app = new Celery("proj", { broker: "memory://", backend: "memory://" });
const add = app.task("proj.add", (x: number, y: number) => x + y);
const worker = app.worker({ log: () => {} });
await worker.start();
console.log(await add.delay(1, 2).get({ timeout: 5 }));
console.log(await chain(add.s(1, 2), add.s(10)).delay().get({ timeout: 5 }));
await worker.stop();
await app.close();

// Prints: 3
// Prints: 13
