import { globMatches } from "../router.ts";
import type { Listener } from "../brokers/broker.ts";
import { decodeJson } from "../protocol/json.ts";
import type { Message } from "../protocol/message.ts";
import { repr } from "../protocol/repr.ts";
import { ALIASES, COMMANDS } from "./commands.ts";
import type { ControlTarget } from "./target.ts";
import { controlMessage, mailbox, type ControlMessage } from "./wire.ts";

/** A worker's end of the remote control: hears commands, carries out those meant for it, answers who asked. */
export async function openPanel(target: ControlTarget): Promise<Listener> {
  const { runtime, node } = target;
  const broker = await runtime.connections.broker();
  return broker.listen(mailbox(runtime.settings.controlExchange, node), (message) => {
    void handle(target, message).catch(() => {});
  });
}

async function handle(target: ControlTarget, message: Message): Promise<void> {
  const { clock, expires } = message.headers;
  target.runtime.lamport.adjust(clock);
  if (typeof expires === "number" && expires > 0 && expires < Date.now() / 1000) return;
  const command = decodeJson(Buffer.from(message.body).toString("utf8")) as ControlMessage;
  if (!isFor(target.node, command)) return;
  const reply = await carryOut(target, command);
  if (command.reply_to === undefined || command.reply_to === null || reply === undefined) return;
  const { exchange, routing_key: routingKey } = command.reply_to;
  const headers = { ticket: command.ticket ?? null, clock: target.runtime.lamport.forward() };
  const broker = await target.runtime.connections.broker();
  await broker.publish(controlMessage({ [target.node]: reply }, headers), {
    exchange,
    exchangeType: "direct",
    routingKey,
  });
}

function isFor(node: string, { destination, pattern, matcher }: ControlMessage): boolean {
  if (Array.isArray(destination)) return (destination as readonly string[]).includes(node);
  if (typeof pattern !== "string" || typeof matcher !== "string") return true;
  if (matcher === "glob") return globMatches(pattern, node);
  try {
    return new RegExp(pattern).test(node);
  } catch {
    return false;
  }
}

async function carryOut(
  target: ControlTarget,
  { method, arguments: args }: ControlMessage,
): Promise<unknown> {
  const name = Object.hasOwn(ALIASES, method) ? ALIASES[method]! : method;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return { error: `KeyError(${repr(method)})` };
  try {
    return await command(target, args ?? {});
  } catch (error) {
    return { error: `${(error as Error).name}(${repr((error as Error).message)})` };
  }
}
