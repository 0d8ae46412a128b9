import { UsageError } from "../../../core/index.ts";
import { parseCommand } from "../../args.ts";
import { APP_OPTIONS, listOf, openApp } from "./app.ts";
import { printValue } from "./print.ts";

/** `spool celery purge -f`: drops what waits in the queues. */
export async function purge(args: readonly string[]): Promise<number> {
  const { values } = parseCommand(args, {
    ...APP_OPTIONS,
    queues: { type: "string", short: "Q" },
    force: { type: "boolean", short: "f" },
  });
  const app = await openApp(values);
  try {
    const queues = listOf(values.queues) ?? [app.settings.taskDefaultQueue];
    if (values.force !== true)
      throw new UsageError(
        `this drops every message in ${queues.join(", ")} for good; say -f if that is meant`,
      );
    let purged = 0;
    for (const queue of queues) purged += await app.purge(queue);
    printValue(
      values.json === true ? { purged } : `Purged ${purged} messages from ${queues.join(", ")}.`,
      values.json === true,
    );
    return 0;
  } finally {
    await app.close();
  }
}
