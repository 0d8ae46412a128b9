import { parseCommand } from "../../args.ts";
import { APP_OPTIONS, openApp } from "./app.ts";
import { print, printError } from "./print.ts";

/** `spool celery beat`: sends what is due until a signal ends it. */
export async function beat(args: readonly string[]): Promise<number> {
  const { values } = parseCommand(args, APP_OPTIONS);
  const app = await openApp(values);
  const running = app.beat({
    onSent: (entry, id) =>
      print(values.json === true ? JSON.stringify({ entry, id }) : `sent ${entry}: ${id}`),
    onError: (entry, error) => printError(`${entry} could not be sent: ${String(error)}`),
  });
  await running.start();
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once("SIGINT", resolve).once("SIGTERM", resolve);
  await promise;
  await running.stop();
  await app.close();
  return 0;
}
