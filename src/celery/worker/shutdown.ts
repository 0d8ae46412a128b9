import { OperationalError, clock } from "../../core/index.ts";
import type { Consumer, Listener } from "../brokers/broker.ts";
import type { Election } from "../events/election.ts";
import type { Heart } from "../events/heart.ts";
import { within } from "../within.ts";
import type { Autoscaler } from "./autoscaler.ts";
import type { WorkerContext } from "./context.ts";
import type { Intake } from "./intake.ts";
import type { WorkerOptions } from "./options.ts";
import type { TaskPool } from "./pool.ts";
import type { Slots } from "./slots.ts";

export interface WorkerServices {
  readonly panel: Listener;
  readonly heart: Heart;
  readonly election: Election;
}

/** What a running worker consists of. */
export interface WorkerSetup {
  readonly context: WorkerContext;
  readonly pool: TaskPool;
  readonly slots: Slots;
  readonly intake: Intake;
  readonly consumer: Consumer;
  readonly autoscaler: Autoscaler | undefined;
  readonly services: WorkerServices | undefined;
}

/** Enough for a broker that is being restarted; the patience of supervisors is mostly longer. */
const SHUTDOWN_SECONDS = 10;

/**
 * Ends a worker: it takes nothing more, waits for what runs (or stops it, when `cold`), settles it, and gives the rest
 * back. From the end of the last task on, a broker that does not answer is waited for no longer than `shutdownTimeout`.
 */
export async function dismantle(setup: WorkerSetup, options: WorkerOptions, cold: boolean): Promise<void> {
  const { consumer, context, intake, slots, pool, autoscaler, services } = setup;
  const { shutdownTimeout = SHUTDOWN_SECONDS, softShutdownTimeout = 0 } = options;
  autoscaler?.stop();
  intake.close();
  slots.close();
  const pausing = consumer.pause();
  pausing.catch(() => {});
  if (cold) await stopActive(slots, softShutdownTimeout);
  await slots.ended();
  try {
    await within(shutdownTimeout, takeLeave(setup, pausing), () => unanswered(setup, shutdownTimeout));
  } finally {
    services?.heart.silence();
    await pool.stop();
    await context.revoked.close();
  }
}

/** All that needs the broker. When it answers too late for the worker, this still ends, and puts back what is held. */
async function takeLeave(
  { consumer, slots, services, context }: WorkerSetup,
  pausing: Promise<void>,
): Promise<void> {
  await pausing;
  await slots.idle();
  await consumer.close();
  await services?.panel.close();
  await services?.election.stop();
  await context.events.flush();
  await services?.heart.stop();
}

async function stopActive(slots: Slots, softSeconds: number): Promise<void> {
  if (softSeconds > 0) {
    const { promise: passed, resolve } = Promise.withResolvers<void>();
    const cancel = clock().after(softSeconds, resolve);
    await Promise.race([slots.ended(), passed]);
    cancel();
  }
  slots.stopActive();
}

function unanswered({ context, slots }: WorkerSetup, seconds: number): OperationalError {
  const { broker, backend } = context.runtime.settings;
  const places = [...new Set([broker, backend])].filter((url) => url !== null);
  const shown = places.map((url) => url.replace(/:[^:@/]*@/g, ":***@")).join(" or ");
  return new OperationalError(
    `${context.node} could not leave in good order: ${shown} did not answer for ${seconds} s. Tasks that had ended ` +
      `but are not settled: ${slots.unsettled}; these, and what was taken but not begun, will be given to others`,
  );
}
