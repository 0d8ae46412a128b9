import { connect } from "node:net";
import { randomUUID } from "node:crypto";

/** Where the real services are expected; both speak on loopback only. */
const PORTS = { redis: 6379, rabbitmq: 5672 } as const;

/** False, with a line on stderr, when the service is absent; in CI an absent service is a failure instead. */
export async function available(service: keyof typeof PORTS): Promise<boolean> {
  const up = await reachable(PORTS[service]);
  if (up) return true;
  if (process.env["CI"] !== undefined)
    throw new Error(`${service} is not running on port ${PORTS[service]}; CI must have it`);
  process.stderr.write(`skipped: ${service} is not running on 127.0.0.1:${PORTS[service]}\n`);
  return false;
}

/** A name that no other run uses. */
export function unique(stem: string): string {
  return `${stem}-${randomUUID().slice(0, 8)}`;
}

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
