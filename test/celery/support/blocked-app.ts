import { appendFileSync, existsSync } from "node:fs";
import { Celery, type Settings, type Task } from "spool/celery";

/** The app of the tests of blocked event loops; a worker in a process of its own when it is the program. */
export const app: Celery = new Celery("blocked", {
  leaseSeconds: 1,
  ...(JSON.parse(process.env["SPOOL_TEST_SETTINGS"] ?? "{}") as Partial<Settings>),
});

/**
 * Lets nothing else happen in its thread until the file GATE.end is there. Each run is a line in GATE.runs. Once that is
 * so it returns at once, so that a second run ends.
 */
export const block: Task<[gate: string], number> = app.task("blocked.block", (gate: string) => {
  appendFileSync(`${gate}.runs`, `${process.pid}\n`);
  if (process.env["SPOOL_TEST_BLOCKS"] === "yes") while (!existsSync(`${gate}.end`));
  return process.pid;
});

if (import.meta.main) await app.worker({ pool: "solo", remoteControl: false, log: () => {} }).start();
