import "../support/leaks.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import {
  CancelledError,
  Event,
  IncompleteReadError,
  LimitOverrunError,
  type Server,
  StreamReader,
  type StreamWriter,
  TimeoutError,
  createTask,
  group,
  openConnection,
  openUnixConnection,
  startServer,
  startUnixServer,
} from "spool/asyncio";
import { StateError } from "spool";

/** Runs `fn` with a connection to a server whose connections `handler` serves. */
async function connected(
  handler: (reader: StreamReader, writer: StreamWriter) => unknown,
  fn: (reader: StreamReader, writer: StreamWriter, server: Server) => Promise<void>,
  limit?: number,
): Promise<void> {
  const server = await startServer(handler, undefined, 0, { limit });
  const [reader, writer] = await openConnection("127.0.0.1", server.port, { limit });
  try {
    await fn(reader, writer, server);
  } finally {
    await writer[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  }
}

const echo = async (reader: StreamReader, writer: StreamWriter): Promise<void> => {
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
};

test("an echo server, line by line", async () => {
  await connected(echo, async (reader, writer) => {
    for (const word of ["one", "two", "grüße"]) {
      writer.write(`${word}\n`);
      assert.equal(String(await reader.readline()), `${word}\n`);
    }
    writer.writeEof();
    assert.equal((await reader.readline()).length, 0);
    assert.equal(reader.atEof(), true);
  });
});

test("many connections are served side by side", async () => {
  const server = await startServer(echo, undefined, 0);
  const answers = await group(async (g) => {
    const tasks = Array.from({ length: 20 }, (_, i) =>
      g.spawn(async () => {
        const [reader, writer] = await openConnection("127.0.0.1", server.port);
        writer.write(`${i}\n`);
        const line = String(await reader.readline());
        await writer[Symbol.asyncDispose]();
        return line;
      }),
    );
    return Promise.all(tasks.map((t) => t.join()));
  });
  assert.deepEqual(
    answers,
    Array.from({ length: 20 }, (_, i) => `${i}\n`),
  );
  await server[Symbol.asyncDispose]();
});

const reads: Record<string, (reader: StreamReader) => Promise<unknown>> = {
  "readexactly across chunks": async (reader) => String(await reader.readexactly(7)),
  "read(n) gives at most n": async (reader) => String(await reader.read(2)),
  "read() gives everything": async (reader) => String(await reader.read()),
  "readuntil takes the separator along": async (reader) => String(await reader.readuntil("e-f")),
  "read(0) is empty": async (reader) => (await reader.read(0)).length,
};
const expected = ["abc-de-", "ab", "abc-de-f\nrest", "abc-de-f", 0];

Object.entries(reads).forEach(([name, read], i) => {
  test(`StreamReader: ${name}`, async () => {
    const reader = new StreamReader(Readable.from(["abc", "-de", "-f\nre", "st"].map((s) => Buffer.from(s))));
    assert.equal(await read(reader), expected[i]);
  });
});

test("a stream that ends early: IncompleteReadError has what came", async () => {
  const reader = new StreamReader(Readable.from([Buffer.from("abc")]));
  const error = await reader.readexactly(10).catch((e: unknown) => e);
  assert.ok(error instanceof IncompleteReadError);
  assert.deepEqual([String(error.partial), error.expected], ["abc", 10]);
  assert.equal((await reader.read()).length, 0);
});

test("the last line may lack its newline", async () => {
  const reader = new StreamReader(Readable.from([Buffer.from("a\nb")]));
  const lines: string[] = [];
  for await (const line of reader) lines.push(String(line));
  assert.deepEqual(lines, ["a\n", "b"]);
});

test("a line beyond the limit is LimitOverrunError", async () => {
  const reader = new StreamReader(Readable.from([Buffer.alloc(100, "x"), Buffer.from("\n")]), 50);
  await assert.rejects(reader.readline(), LimitOverrunError);
});

test("an error of the stream is thrown by the read", async () => {
  const reader = new StreamReader(
    Readable.from(
      (async function* () {
        yield Buffer.from("a");
        throw new Error("broken wire");
      })(),
    ),
  );
  await assert.rejects(reader.read(), /broken wire/);
});

test("two reads at a time are refused", async () => {
  await connected(echo, async (reader, writer) => {
    const first = reader.readline();
    await assert.rejects(reader.readline(), StateError);
    writer.write("x\n");
    await first;
  });
});

test("a cancelled scope refuses reads of what has arrived already", async () => {
  const reader = new StreamReader(Readable.from([Buffer.from("one\ntwo\n")]));
  assert.equal(String(await reader.readline()), "one\n");
  await group(async (g) => {
    g.cancel();
    for (const read of [() => reader.read(2), () => reader.readexactly(2), () => reader.readline()])
      await assert.rejects(read(), CancelledError);
  });
  assert.equal(String(await reader.readline()), "two\n");
});

test("a read that gives up loses nothing", async () => {
  await connected(echo, async (reader, writer) => {
    await assert.rejects(reader.readline({ timeout: 0 }), TimeoutError);
    writer.write("late\n");
    assert.equal(String(await reader.readline()), "late\n");
  });
});

test("a slow reader holds its sender: drain waits", async () => {
  const go = new Event();
  const total = 8 * 1024 * 1024;
  let drained = false;
  await connected(
    async (reader) => {
      await go.wait();
      let received = 0;
      while (received < total) received += (await reader.read(65536)).length;
    },
    async (_reader, writer) => {
      writer.write(Buffer.alloc(total));
      const draining = createTask(() => writer.drain().then(() => void (drained = true)));
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(drained, false);
      go.set();
      await draining;
    },
  );
});

test("cancelling the scope of a server ends its connections and stops it", async () => {
  let server!: Server;
  let reason: unknown;
  const arrived = new Event();
  await group(async (g) => {
    server = await startServer(
      async (reader) => {
        arrived.set();
        await reader.read().catch((error: unknown) => {
          reason = error;
          throw error;
        });
      },
      undefined,
      0,
    );
    const [, writer] = await openConnection("127.0.0.1", server.port);
    await arrived.wait();
    g.cancel();
    writer.abort();
  });
  assert.equal(server.isServing(), false);
  await server[Symbol.asyncDispose]();
  assert.ok(reason instanceof CancelledError);
});

test("serveForever serves until it is cancelled", async () => {
  const server = await startServer(echo, undefined, 0);
  await group(async (g) => {
    const serving = g.spawn(() => server.serveForever());
    const [reader, writer] = await openConnection("127.0.0.1", server.port);
    writer.write("hi\n");
    assert.equal(String(await reader.readline()), "hi\n");
    await writer[Symbol.asyncDispose]();
    serving.cancel();
  });
  assert.equal(server.isServing(), false);
  await server.waitClosed();
  await server[Symbol.asyncDispose]();
});

test("a failing handler goes to onError and disturbs nobody", async () => {
  const errors: string[] = [];
  const server = await startServer(
    async (reader) => {
      throw new Error(String(await reader.readline()).trim());
    },
    undefined,
    0,
    { onError: (error) => errors.push((error as Error).message) },
  );
  for (const word of ["a", "b"]) {
    const [reader, writer] = await openConnection("127.0.0.1", server.port);
    writer.write(`${word}\n`);
    await reader.read().catch(() => {});
    await writer[Symbol.asyncDispose]();
  }
  assert.deepEqual(errors, ["a", "b"]);
  await server[Symbol.asyncDispose]();
});

test("unix sockets", async () => {
  const directory = mkdtempSync(join(tmpdir(), "spool-asyncio-"));
  const path = join(directory, "s");
  const server = await startUnixServer(echo, path);
  const [reader, writer] = await openUnixConnection(path);
  writer.writelines(["a", "b", "\n"]);
  assert.equal(String(await reader.readline()), "ab\n");
  await writer[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

test("connecting to a closed port throws; to one that never answers, gives up", async () => {
  const server = await startServer(echo, undefined, 0);
  const { port } = server;
  await server[Symbol.asyncDispose]();
  await assert.rejects(openConnection("127.0.0.1", port), { code: "ECONNREFUSED" });
  await assert.rejects(
    openConnection("127.0.0.1", port, { signal: AbortSignal.abort(new Error("stop")) }),
    /stop/,
  );
});

test("the writer knows its two ends", async () => {
  await connected(echo, async (_reader, writer, server) => {
    assert.equal(writer.getExtraInfo("peername").port, server.port);
    assert.equal(writer.getExtraInfo("sockname").address, "127.0.0.1");
    assert.equal(writer.isClosing(), false);
    assert.equal(typeof server.address, "object");
  });
});
