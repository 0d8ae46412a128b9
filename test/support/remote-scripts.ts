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
  /** Adds 1 to `value`, so many times. */
  addSync(objects, times: number) {
    const value = objects.get("value");
    for (let i = 0; i < times; i++) value.add(1);
  },
  /** Takes and gives `lock` up, so many times, without a pause; counts in `turns` what it had. */
  hogSync(objects, times: number) {
    const [lock, turns] = [objects.get("lock"), objects.get("turns") ?? { value: 0 }];
    for (let i = 0; i < times; i++) {
      lock.acquireSync();
      turns.value++;
      lock.release();
    }
  },
  async hog(objects, times: number) {
    const [lock, turns] = [objects.get("lock"), objects.get("turns") ?? { value: 0 }];
    for (let i = 0; i < times; i++) {
      await lock.acquire();
      turns.value++;
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
  /** Holds a permit of `semaphore` until it is killed; sets `inside` once it has it. */
  holdForever: (objects) =>
    objects.get("semaphore").with(() => {
      objects.get("inside").set();
      return new Promise(() => {});
    }),
  /** Receives an end of another pipe through `end`, and sends through the other end of that, `other`. */
  async answerThrough(objects) {
    const came = await objects.get("end").recv();
    await came.send("back to where it came from");
    const answer = await objects.get("other").recv();
    if (answer === "back to where it came from") await objects.get("other").send("through the end that came");
    came.close();
    objects.get("other").close();
  },
  /** Takes a permit if there is one and releases twice, so many times; what is too much is refused. */
  overRelease(objects, times: number) {
    const semaphore = objects.get("semaphore");
    for (let i = 0; i < times; i++) {
      semaphore.tryAcquire();
      for (let j = 0; j < 2; j++) {
        try {
          semaphore.release();
        } catch {
          // There was one too many.
        }
      }
    }
  },
  /** Waits for `condition`, so many times at once. */
  async waitManyTimes(objects, times: number) {
    const condition = objects.get("condition");
    for (let i = 0; i < times; i++) {
      await condition.acquire();
      void condition.wait();
    }
  },
  /** Puts `count` items made by `first + i` (numbers) or of `size` bytes, blocking. */
  produceSync(objects, count: number, first: number, size: number) {
    const queue = objects.get("queue");
    const filler = new Uint8Array(size).fill(7);
    for (let i = 0; i < count; i++) queue.putSync(size > 0 ? filler : first + i);
  },
  async produce(objects, count: number, first: number) {
    const queue = objects.get("queue");
    for (let i = 0; i < count; i++) await queue.put(first + i);
  },
  /** Takes `count` numbers and returns their sum. */
  consumeSync(objects, count: number) {
    const queue = objects.get("queue");
    let sum = 0;
    for (let i = 0; i < count; i++) sum += queue.getSync();
    return sum;
  },
  async consume(objects, count: number) {
    const queue = objects.get("queue");
    let sum = 0;
    for (let i = 0; i < count; i++) sum += await queue.get();
    return sum;
  },
};
