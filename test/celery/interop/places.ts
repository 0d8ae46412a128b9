import { available, unique } from "../support/services.ts";
import type { PythonEnvironment } from "./python.ts";

/** A broker and a backend that both sides use, with names of this run's own. */
export interface Place {
  readonly name: string;
  readonly broker: string;
  readonly backend: string;
  /** Results are stored, so that chords and foreign readers work. */
  readonly stored: boolean;
  readonly pyQueue: string;
  readonly tsQueue: string;
  readonly python: PythonEnvironment;
}

/** Python's Celery 5.2 knows no key prefix for results, so each run takes a database of its own. */
const DATABASE = 6 + (process.pid % 10);
const REDIS = `redis://127.0.0.1:6379/${DATABASE}`;
const AMQP = "amqp://guest:guest@127.0.0.1:5672//";

export async function places(): Promise<Place[]> {
  const found: Place[] = [];
  const redis = await available("redis");
  if (redis) found.push(place("redis", REDIS, REDIS));
  if ((await available("rabbitmq")) && redis) {
    found.push(place("amqp with redis results", AMQP, REDIS));
    found.push(place("amqp with rpc results", AMQP, "rpc://"));
  }
  return found;
}

function place(name: string, broker: string, backend: string): Place {
  const pyQueue = unique("py");
  return {
    name,
    broker,
    backend,
    stored: backend !== "rpc://",
    pyQueue,
    tsQueue: unique("ts"),
    python: { BROKER: broker, BACKEND: backend, QUEUE: pyQueue },
  };
}
