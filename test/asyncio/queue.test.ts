import {
  BrokenResourceError,
  ClosedResourceError,
  EOFError,
  Empty,
  Full,
  LifoQueue,
  PriorityQueue,
  Queue,
  ShutDown,
  TimeoutError,
  createTask,
  group,
  moveOnAfter,
  openMemoryChannel,
  sleep,
} from "spool/asyncio";
import { waitAllBlocked } from "spool/testing";
import { StateError } from "spool";
import { assert, errorOf, vtest } from "./support.ts";

const kinds = {
  Queue: <T>(n?: number) => new Queue<T>(n),
  LifoQueue: <T>(n?: number) => new LifoQueue<T>(n),
  PriorityQueue: <T>(n?: number) => new PriorityQueue<T>(n),
};

for (const [name, make] of Object.entries(kinds)) {
  vtest(`${name}: what is put can be got; size, empty and full tell the truth`, async () => {
    const queue = make<number>(2);
    assert.deepEqual([queue.qsize(), queue.empty(), queue.full()], [0, true, false]);
    await queue.put(1);
    queue.putNowait(2);
    assert.deepEqual([queue.qsize(), queue.empty(), queue.full()], [2, false, true]);
    assert.deepEqual([await queue.get(), queue.getNowait()].toSorted(), [1, 2]);
  });

  vtest(`${name}: getNowait on empty and putNowait on full throw`, async () => {
    const queue = make<number>(1);
    assert.throws(() => queue.getNowait(), Empty);
    queue.putNowait(1);
    assert.throws(() => queue.putNowait(2), Full);
  });

  vtest(`${name}: get waits for an item, and getters are served in order`, async () => {
    const queue = make<string>();
    const getters = [1, 2].map(() => createTask(() => queue.get()));
    await waitAllBlocked();
    await queue.put("a");
    await queue.put("b");
    assert.deepEqual(await Promise.all(getters.map((g) => g.join())), ["a", "b"]);
  });

  vtest(`${name}: put waits for room`, async () => {
    const queue = make<number>(1);
    queue.putNowait(1);
    const putter = createTask(() => queue.put(2));
    await waitAllBlocked();
    assert.equal(putter.done(), false);
    await queue.get();
    await putter;
    assert.equal(await queue.get(), 2);
  });

  vtest(`${name}: an item that was handed over is not lost to a cancellation of the same turn`, async () => {
    const queue = make<string>();
    const getter = createTask(() => queue.get());
    await waitAllBlocked();
    queue.putNowait("precious");
    getter.cancel();
    assert.equal(await getter.join(), "precious");
  });

  vtest(`${name}: a getter that was cancelled before takes nothing`, async () => {
    const queue = make<string>();
    const getter = createTask(() => queue.get());
    await waitAllBlocked();
    getter.cancel();
    queue.putNowait("x");
    await errorOf(getter);
    assert.equal(queue.getNowait(), "x");
  });

  vtest(`${name}: a putter that gives up puts nothing`, async () => {
    const queue = make<number>(1);
    queue.putNowait(1);
    assert.ok((await errorOf(queue.put(2, { timeout: 1 }))) instanceof TimeoutError);
    await queue.get();
    assert.equal(queue.empty(), true);
  });

  vtest(`${name}: join waits until every item is declared done`, async () => {
    const queue = make<number>();
    for (let i = 0; i < 3; i++) queue.putNowait(i);
    const joiner = createTask(() => queue.join());
    for (let i = 0; i < 3; i++) {
      await waitAllBlocked();
      assert.equal(joiner.done(), false);
      await queue.get();
      queue.taskDone();
    }
    await joiner;
    assert.throws(() => queue.taskDone(), StateError);
  });

  vtest(`${name}: join of an unused queue returns at once`, async () => {
    await make().join();
  });

  vtest(`${name}: shutdown lets takers drain, then refuses`, async () => {
    const queue = make<number>();
    queue.putNowait(1);
    queue.shutdown();
    assert.throws(() => queue.putNowait(2), ShutDown);
    assert.ok((await errorOf(queue.put(2))) instanceof ShutDown);
    assert.equal(await queue.get(), 1);
    assert.ok((await errorOf(queue.get())) instanceof ShutDown);
    assert.throws(() => queue.getNowait(), ShutDown);
  });

  vtest(`${name}: shutdown wakes waiting getters and putters`, async () => {
    const empty = make<number>();
    const getter = createTask(() => empty.get());
    const full = make<number>(1);
    full.putNowait(1);
    const putter = createTask(() => full.put(2));
    await waitAllBlocked();
    empty.shutdown();
    full.shutdown();
    assert.ok((await errorOf(getter)) instanceof ShutDown);
    assert.ok((await errorOf(putter)) instanceof ShutDown);
  });

  vtest(`${name}: an immediate shutdown drops the items and lets join return`, async () => {
    const queue = make<number>();
    queue.putNowait(1);
    const joiner = createTask(() => queue.join());
    await waitAllBlocked();
    queue.shutdown({ immediate: true });
    await joiner;
    assert.throws(() => queue.getNowait(), ShutDown);
  });

  vtest(`${name}: for await takes until the shutdown`, async () => {
    const queue = make<number>();
    const taken: number[] = [];
    await group((g) => {
      g.spawn(async () => {
        for await (const item of queue) taken.push(item);
      });
      g.spawn(async () => {
        for (let i = 0; i < 3; i++) {
          await queue.put(i);
          await sleep(1);
        }
        queue.shutdown();
      });
    });
    assert.deepEqual(taken, [0, 1, 2]);
  });
}

vtest("Queue is first in, first out; LifoQueue last in, first out", async () => {
  const [fifo, lifo] = [new Queue<number>(), new LifoQueue<number>()];
  for (const n of [1, 2, 3]) {
    fifo.putNowait(n);
    lifo.putNowait(n);
  }
  assert.deepEqual(
    [1, 2, 3].map(() => fifo.getNowait()),
    [1, 2, 3],
  );
  assert.deepEqual(
    [1, 2, 3].map(() => lifo.getNowait()),
    [3, 2, 1],
  );
});

vtest("PriorityQueue gives the smallest first and equal ones in the order they came", async () => {
  const queue = new PriorityQueue<[number, string]>(0, ([a], [b]) => a - b);
  for (const entry of [
    [3, "c"],
    [1, "a1"],
    [2, "b"],
    [1, "a2"],
  ] as [number, string][])
    queue.putNowait(entry);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => queue.getNowait()[1]),
    ["a1", "a2", "b", "c"],
  );
});

vtest("PriorityQueue compares arrays like Python's tuples, and sorts a thousand", async () => {
  const queue = new PriorityQueue<[number, number]>();
  const entries = Array.from({ length: 1000 }, (_, i) => [(i * 7919) % 100, i % 3] as [number, number]);
  for (const entry of entries) queue.putNowait(entry);
  const got = entries.map(() => queue.getNowait());
  assert.deepEqual(
    got,
    entries.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]),
  );
});

vtest("a queue may hold undefined", async () => {
  const queue = new Queue<undefined>();
  queue.putNowait(undefined);
  assert.equal(queue.qsize(), 1);
  assert.equal(await queue.get(), undefined);
});

vtest("a queue survives a burst of ten thousand and keeps the order", async () => {
  const queue = new Queue<number>(100);
  let expected = 0;
  await group((g) => {
    g.spawn(async () => {
      for (let i = 0; i < 10_000; i++) await queue.put(i);
      queue.shutdown();
    });
    g.spawn(async () => {
      for await (const item of queue) assert.equal(item, expected++);
    });
  });
  assert.equal(expected, 10_000);
});

vtest("channel: with no buffer a send waits for its receiver", async () => {
  const [send, receive] = openMemoryChannel<string>();
  const sender = createTask(() => send.send("x"));
  await waitAllBlocked();
  assert.equal(sender.done(), false);
  assert.equal(await receive.receive(), "x");
  await sender;
});

vtest("channel: a buffer takes as many as it holds", async () => {
  const [send, receive] = openMemoryChannel<number>(2);
  send.sendNowait(1);
  send.sendNowait(2);
  assert.throws(() => send.sendNowait(3), Full);
  assert.equal(send.statistics().currentBufferUsed, 2);
  assert.deepEqual([receive.receiveNowait(), receive.receiveNowait()], [1, 2]);
  assert.throws(() => receive.receiveNowait(), Empty);
});

vtest("channel: items keep their order across buffer and waiting senders", async () => {
  const [send, receive] = openMemoryChannel<number>(1);
  const senders = [1, 2, 3].map((n) => createTask(() => send.send(n)));
  await waitAllBlocked();
  assert.equal(send.statistics().tasksWaitingSend, 2);
  assert.deepEqual([await receive.receive(), await receive.receive(), await receive.receive()], [1, 2, 3]);
  await Promise.all(senders.map((s) => s.join()));
});

vtest("channel: receivers read to the end after the last sender has closed", async () => {
  const [send, receive] = openMemoryChannel<number>(5);
  send.sendNowait(1);
  send.close();
  assert.equal(await receive.receive(), 1);
  assert.ok((await errorOf(receive.receive())) instanceof EOFError);
});

vtest("channel: a waiting receiver learns of the end", async () => {
  const [send, receive] = openMemoryChannel<number>();
  const receiver = createTask(() => receive.receive());
  await waitAllBlocked();
  send.close();
  assert.ok((await errorOf(receiver)) instanceof EOFError);
});

vtest("channel: clones count; the end comes with the last of them", async () => {
  const [send, receive] = openMemoryChannel<number>(5);
  const other = send.clone();
  send.close();
  other.sendNowait(1);
  assert.equal(other.statistics().openSendChannels, 1);
  other.close();
  other.close();
  const got: number[] = [];
  for await (const item of receive) got.push(item);
  assert.deepEqual(got, [1]);
});

vtest("channel: sending to nobody is BrokenResourceError, now and while waiting", async () => {
  const [send, receive] = openMemoryChannel<number>();
  const waiting = createTask(() => send.send(1));
  await waitAllBlocked();
  receive.close();
  assert.ok((await errorOf(waiting)) instanceof BrokenResourceError);
  assert.ok((await errorOf(send.send(2))) instanceof BrokenResourceError);
});

vtest("channel: using or cloning a closed end is ClosedResourceError", async () => {
  const [send, receive] = openMemoryChannel<number>();
  send.close();
  receive.close();
  assert.ok((await errorOf(send.send(1))) instanceof ClosedResourceError);
  assert.ok((await errorOf(receive.receive())) instanceof ClosedResourceError);
  assert.throws(() => send.clone(), ClosedResourceError);
  assert.throws(() => receive.clone(), ClosedResourceError);
});

vtest("channel: closing an end ends the waits that were begun through it", async () => {
  const [send, receive] = openMemoryChannel<number>();
  const other = receive.clone();
  const mine = createTask(() => receive.receive());
  const theirs = createTask(() => other.receive());
  await waitAllBlocked();
  receive.close();
  assert.ok((await errorOf(mine)) instanceof ClosedResourceError);
  await send.send(7);
  assert.equal(await theirs.join(), 7);
});

vtest("channel: a cancelled send has not sent", async () => {
  const [send, receive] = openMemoryChannel<number>();
  assert.equal(await moveOnAfter(1, () => send.send(1).then(() => true)), undefined);
  assert.throws(() => receive.receiveNowait(), Empty);
});

vtest("channel: an item handed over in the turn of a cancellation is not lost", async () => {
  const [send, receive] = openMemoryChannel<number>();
  const receiver = createTask(() => receive.receive());
  await waitAllBlocked();
  send.sendNowait(5);
  receiver.cancel();
  assert.equal(await receiver.join(), 5);
});

vtest("channel: dispose closes", async () => {
  const [send, receive] = openMemoryChannel<number>();
  send[Symbol.dispose]();
  assert.ok((await errorOf(receive.receive())) instanceof EOFError);
  await receive[Symbol.asyncDispose]();
  assert.equal(receive.statistics().openReceiveChannels, 0);
});
