/** Producers and consumers in processes and threads around one queue. */
import { Process, Queue, Value } from "spool/multiprocessing";
import { Thread } from "spool/threading";

const queue = new Queue<number>(10);
const sum = new Value("d", 0);

const produce = async (from: number): Promise<void> => {
  for (let i = 0; i < 100; i++) await queue.put(from + i);
};
const consume = async (): Promise<void> => {
  for await (const item of queue) sum.add(item);
};

const producers = [new Process({ target: produce, args: [0] }), new Thread({ target: produce, args: [100] })];
const consumers = [new Process({ target: consume }), new Thread({ target: consume })];
for (const one of [...producers, ...consumers]) one.start();
await Promise.all(producers.map((one) => one.join()));
queue.shutdown();
await Promise.all(consumers.map((one) => one.join()));
console.log(sum.value);

// Prints: 19900
