import { Client } from "./listener.ts";
import type { Queue } from "./queue.ts";
import {
  plainError,
  type ServiceAddress,
  type ServiceHello,
  type ServiceRequest,
  type ServiceResponse,
} from "./service.ts";
import type { SocketConnection } from "./socket-connection.ts";

/** In the place of an id: the link is there, or could not be made. */
const LINKED = -2;
/** In the place of an id: the service has ended. */
export const LOST: number = -3;

/**
 * What a helper thread does for a thread that uses the service: it carries requests to the socket and answers back, so
 * that the other may block while it waits.
 */
export async function runLink(
  { address, key }: ServiceAddress,
  hello: ServiceHello,
  requests: Queue<ServiceRequest>,
  responses: Queue<ServiceResponse>,
): Promise<void> {
  let connection: SocketConnection;
  try {
    connection = await Client(address, { authkey: key });
    await connection.send(hello);
  } catch (error) {
    return responses.put([LINKED, undefined, plainError(error as Error)]);
  }
  await responses.put([LINKED, undefined, null]);
  void sendAll(connection, requests);
  try {
    for (;;) await responses.put(await connection.recv<ServiceResponse>());
  } catch (error) {
    await responses.put([LOST, undefined, plainError(error as Error)]);
  }
}

async function sendAll(connection: SocketConnection, requests: Queue<ServiceRequest>): Promise<void> {
  try {
    for await (const request of requests) await connection.send(request);
  } catch {
    // The end of the connection, which its reader tells of.
    connection.close();
  }
}
