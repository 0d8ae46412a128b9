/** Programs that run in a Remote over the objects given to it, where a call at a time would not do. */
export const scripts: Record<string, (objects: Map<string, any>, ...args: any[]) => unknown> = {
  /** Adds 1 to `counter` under `lock`, so many times. */
  incrementSync(objects, times: number) {
    const [lock, counter] = [objects.get("lock"), objects.get("counter")];
    for (let i = 0; i < times; i++) {
      lock.acquireSync();
      counter.value++;
      lock.release();
    }
  },
  async increment(objects, times: number) {
    const [lock, counter] = [objects.get("lock"), objects.get("counter")];
    for (let i = 0; i < times; i++) {
      await lock.acquire();
      counter.value++;
      lock.release();
    }
  },
  nothing() {},
};
