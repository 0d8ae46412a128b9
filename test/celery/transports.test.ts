import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Celery, type Settings } from "spool/celery";
import { connectRedis, redisAddress } from "../../src/celery/redis/client.ts";
import { freePort, plainRedis, rabbitServer, type Server } from "./chaos/servers.ts";
import { unique } from "./support/services.ts";

/** Ways to a broker beyond a plain socket: Redis behind sentinels, Redis and RabbitMQ over TLS. Servers of our own. */

const directory = mkdtempSync(join(tmpdir(), "spool-transports-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const timeout = { timeout: 30 };

/** False, with a line, where a program is absent; in CI that is a failure instead. */
function has(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch (error) {
    if (process.env["CI"] !== undefined) throw error;
    process.stderr.write(`skipped: there is no ${program}\n`);
    return false;
  }
}

async function withServers(servers: readonly Server[], body: () => Promise<void>): Promise<void> {
  try {
    for (const server of servers) await server.start();
    await body();
  } finally {
    await Promise.all(servers.map((server) => server.stop("SIGKILL")));
  }
}

/** A task there and its result back, over broker and backend. */
async function roundTrip(settings: Partial<Settings>, between?: () => Promise<void>): Promise<void> {
  const queue = unique("transport");
  const app = new Celery("transport", { taskDefaultQueue: queue, ...settings });
  app.task("transport.add", (x: number, y: number) => x + y);
  const worker = app.worker({ hostname: `${queue}@test`, log: () => {} });
  try {
    await worker.start();
    assert.equal(await app.sendTask("transport.add", [1, 2]).get(timeout), 3);
    if (between === undefined) return;
    await between();
    assert.equal(await app.sendTask("transport.add", [3, 4]).get(timeout), 7);
  } finally {
    await worker.stop();
    await app.close();
  }
}

/** A certificate for 127.0.0.1 that signs itself. */
function certificate(): { cert: string; key: string; ca: Buffer } {
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert];
  if (!existsSync(cert)) execFileSync("openssl", ["req", ...made, ...subject], { stdio: "ignore" });
  return { cert, key, ca: readFileSync(cert) };
}

const redis = has("redis-server", "--version");
const openssl = has("openssl", "version");

if (redis) {
  test("sentinel: the master is found, and found again after a failover", { timeout: 120_000 }, async () => {
    const [first, second, watch] = [await freePort(), await freePort(), await freePort()];
    const plain = (port: number, ...more: string[]): Server =>
      plainRedis(`redis://127.0.0.1:${port}`, port, ["--port", String(port), ...more]);
    const config = join(directory, "sentinel.conf");
    writeFileSync(config, `sentinel monitor spool-main 127.0.0.1 ${first} 1\n`);
    const sentinel = plainRedis(`redis://127.0.0.1:${watch}`, watch, [
      config,
      "--sentinel",
      "--port",
      String(watch),
    ]);
    const replica = plain(second, "--replicaof", `127.0.0.1 ${first}`);
    await withServers([plain(first), replica, sentinel], async () => {
      const url = `sentinel://127.0.0.1:${watch}/0`;
      const transport = { master_name: "spool-main" };
      const failOver = async (): Promise<void> => {
        const client = await connectRedis(redisAddress(`redis://127.0.0.1:${watch}`, {}));
        const master = async (): Promise<string> =>
          ((await client.call("SENTINEL", "get-master-addr-by-name", "spool-main")) as string[])[1]!;
        // Refused for as long as the sentinel has not seen the replica in good health.
        while (
          !(await client.call("SENTINEL", "failover", "spool-main").then(
            () => true,
            () => false,
          ))
        );
        while ((await master()) !== String(second));
        client.disconnect();
      };
      await roundTrip(
        {
          broker: url,
          backend: url,
          brokerTransportOptions: transport,
          resultBackendTransportOptions: transport,
        },
        failOver,
      );
    });
  });
}

if (redis && openssl) {
  test(
    "rediss: TLS with a certificate that is known, and no connection with one that is not",
    { timeout: 60_000 },
    async () => {
      const { cert, key, ca } = certificate();
      const [port, plainPort] = [await freePort(), await freePort()];
      const tls = ["--tls-port", String(port), "--tls-cert-file", cert, "--tls-key-file", key];
      const server = plainRedis(`redis://127.0.0.1:${plainPort}`, plainPort, [
        "--port",
        String(plainPort),
        ...tls,
        "--tls-ca-cert-file",
        cert,
        "--tls-auth-clients",
        "no",
      ]);
      await withServers([server], async () => {
        const url = `rediss://127.0.0.1:${port}/0`;
        const transport = { tls: { ca } };
        await roundTrip({
          broker: url,
          backend: url,
          brokerTransportOptions: transport,
          resultBackendTransportOptions: transport,
        });
        await assert.rejects(roundTrip({ broker: url, backend: null }), {
          code: "OPERATIONAL",
          message: /self-signed certificate/,
        });
      });
    },
  );
}

const rabbit = existsSync("/usr/lib/rabbitmq/bin/rabbitmq-server");
if (!rabbit) process.stderr.write("skipped: there is no RabbitMQ to be started with a TLS listener\n");
if (rabbit && openssl) {
  test(
    "amqps: TLS with a certificate that is known, and no connection with one that is not",
    { timeout: 120_000 },
    async () => {
      const { cert, key, ca } = certificate();
      const port = await freePort();
      const server = await rabbitServer(join(directory, "rabbit"), [
        `listeners.ssl.default = 127.0.0.1:${port}`,
        `ssl_options.cacertfile = ${cert}`,
        `ssl_options.certfile = ${cert}`,
        `ssl_options.keyfile = ${key}`,
        "ssl_options.verify = verify_none",
      ]);
      await withServers([server], async () => {
        const broker = `amqps://guest:guest@127.0.0.1:${port}//`;
        await roundTrip({ broker, backend: "rpc://", brokerTransportOptions: { tls: { ca } } });
        await assert.rejects(roundTrip({ broker, backend: null }), {
          code: "OPERATIONAL",
          message: /self-signed certificate/,
        });
      });
    },
  );
}
