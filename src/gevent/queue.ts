import { Queue } from "../asyncio/index.ts";

export { Empty, Full, LifoQueue, PriorityQueue, Queue, ShutDown } from "../asyncio/index.ts";

/** A queue whose items are declared done; every queue here is one. Python: `gevent.queue.JoinableQueue`. */
export class JoinableQueue<T> extends Queue<T> {}
