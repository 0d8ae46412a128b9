import { later } from "../support/later.ts";
import "../support/leaks.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { type Address, Client, Listener, pipe, wait } from "spool/channels";

const ADDRESSES: [string, Address | undefined][] = [
  ["a unix socket", undefined],
  ["TCP", { port: 0 }],
];

for (const [where, address] of ADDRESSES) {
  describe(`Listener and Client over ${where}`, () => {
    const open = (authkey?: string): Promise<Listener> =>
      Listener.open({ ...(address !== undefined && { address }), ...(authkey !== undefined && { authkey }) });

    test("messages both ways, with and without a key", async () => {
      for (const key of [undefined, "secret"]) {
        const listener = later(await open(key));
        const [server, client] = await Promise.all([
          listener.accept(),
          Client(listener.address, key === undefined ? {} : { authkey: key }),
        ]);
        await client.send({ a: [1, "x"], b: new Float64Array([1.5]) });
        assert.deepEqual(await server.recv(), { a: [1, "x"], b: new Float64Array([1.5]) });
        await server.sendBytes(new Uint8Array([1, 2, 3]));
        assert.deepEqual(await client.recvBytes(), new Uint8Array([1, 2, 3]));
        const sent = server.sendBytes(new Uint8Array(5_000_000).fill(9));
        assert.equal((await client.recvBytes()).length, 5_000_000);
        await sent;
        server.close();
        await assert.rejects(client.recv(), { code: "EOF" });
        client.close();
      }
    });

    test("a wrong key is refused on both sides", async () => {
      const listener = later(await open("right"));
      const sides = [listener.accept(), Client(listener.address, { authkey: "wrong" })];
      for (const side of await Promise.allSettled(sides)) {
        assert.equal(side.status === "rejected" && side.reason.code, "AUTHENTICATION");
      }
    });

    test("code is taken only from a peer that knows the key", async () => {
      for (const key of [undefined, "secret"]) {
        const listener = later(await open(key));
        const [server, client] = await Promise.all([
          listener.accept(),
          Client(listener.address, key === undefined ? {} : { authkey: key }),
        ]);
        await client.send((x: number) => x + 1);
        if (key === undefined) await assert.rejects(server.recv(), { code: "SERIALIZATION" });
        else assert.equal((await server.recv<(x: number) => number>())(1), 2);
        server.close();
        client.close();
      }
    });

    test("poll, limits and closing", async () => {
      const listener = later(await open());
      const [server, client] = await Promise.all([listener.accept(), Client(listener.address)]);
      assert.equal(await server.poll(), false);
      assert.equal(await server.poll({ timeout: 0.01 }), false);
      await client.sendBytes(new Uint8Array(10));
      assert.equal(await server.poll({ timeout: 60 }), true);
      await assert.rejects(server.recvBytes({ maxLength: 5 }), { code: "BUFFER_TOO_SHORT" });
      await client.sendBytes(new Uint8Array([4, 5]));
      const target = new Uint8Array(4);
      assert.equal(await server.recvBytesInto(target, 1), 2);
      assert.deepEqual([...target], [0, 4, 5, 0]);
      await assert.rejects(server.recv({ timeout: 0.01 }), { code: "TIMEOUT" });
      await assert.rejects(server.recv({ signal: AbortSignal.abort() }), { name: "AbortError" });
      client.close();
      client.close();
      await assert.rejects(client.sendBytes(new Uint8Array(1)), { code: "INVALID_STATE" });
      assert.equal(await server.poll({ timeout: 60 }), true, "the end can be read");
      server.close();
    });

    test("accept gives up after its timeout and when the listener closes", async () => {
      const listener = await open();
      await assert.rejects(listener.accept({ timeout: 0.01 }), { code: "TIMEOUT" });
      const accepted = listener.accept();
      listener.close();
      listener.close();
      await assert.rejects(accepted, { code: "INVALID_STATE" });
    });

    test("Python's Client talks to our Listener", async () => {
      const listener = later(await open("secret"));
      const program = `
import sys
from multiprocessing.connection import Client
address = sys.argv[1] if len(sys.argv) == 2 else (sys.argv[1], int(sys.argv[2]))
c = Client(address, authkey=b"secret")
c.send_bytes(b"from python" * 1000)
c.send_bytes(c.recv_bytes()[::-1])
c.close()`;
      const child = spawn("python3", ["-c", program, ...args(listener.address)], { stdio: "inherit" });
      const connection = await listener.accept();
      assert.equal(Buffer.from(await connection.recvBytes()).toString(), "from python".repeat(1000));
      await connection.sendBytes(Buffer.from("abc"));
      assert.equal(Buffer.from(await connection.recvBytes()).toString(), "cba");
      await assert.rejects(connection.recvBytes(), { code: "EOF" });
      connection.close();
      await once(child, "exit");
    });

    test("our Client talks to Python's Listener", async () => {
      const program = `
import sys
from multiprocessing.connection import Listener
l = Listener(${address === undefined ? "None, family='AF_UNIX'" : "('127.0.0.1', 0)"}, authkey=b"secret")
print(*([l.address] if isinstance(l.address, str) else l.address), flush=True)
c = l.accept()
c.send_bytes(c.recv_bytes() * 2)
c.recv_bytes()
c.close()
try:
    l.accept()
except Exception as e:
    print(type(e).__name__, flush=True)
l.close()`;
      const child = spawn("python3", ["-c", program], { stdio: ["ignore", "pipe", "inherit"] });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const [first, port] = (await lines.next()).value!.split(" ");
      const there: Address = port === undefined ? first! : { host: first!, port: Number(port) };
      const connection = await Client(there, { authkey: "secret" });
      await connection.sendBytes(Buffer.from("ab"));
      assert.equal(Buffer.from(await connection.recvBytes()).toString(), "abab");
      await connection.sendBytes(Buffer.from("end"));
      await assert.rejects(connection.recvBytes(), { code: "EOF" });
      connection.close();
      await assert.rejects(Client(there, { authkey: "wrong" }), { code: "AUTHENTICATION" });
      assert.equal((await lines.next()).value, "AuthenticationError");
      await once(child, "exit");
    });
  });
}

function args(address: Address): string[] {
  return typeof address === "string" ? [address] : [address.host!, String(address.port)];
}

test("a client that cannot connect is told so", async () => {
  await assert.rejects(Client("/nowhere/at/all.sock"), { code: "ENOENT" });
});

test("an empty key is an error", async () => {
  await assert.rejects(Client("/x", { authkey: "" }), { code: "INVALID_ARGUMENT" });
});

test("wait gives those that are ready", async () => {
  const [[a, b], [c, d]] = [pipe("thread"), pipe("thread")];
  assert.deepEqual(await wait([a, c], { timeout: 0.01 }), []);
  await d.send(1);
  assert.deepEqual(await wait([a, c]), [c]);
  await b.send(1);
  assert.deepEqual(await wait([a, c]), [a, c]);
  for (const end of [a, b, c, d]) end.close();
});
