import { parseCommand } from "../../args.ts";
import { APP_OPTIONS, openApp } from "./app.ts";
import { print } from "./print.ts";

/** `spool celery events`: prints events until a signal ends it. */
export async function events(args: readonly string[]): Promise<number> {
  const { values } = parseCommand(args, { ...APP_OPTIONS, dump: { type: "boolean", short: "d" } });
  const app = await openApp(values);
  const listener = await app.events.listen(({ type, hostname, timestamp, ...rest }) => {
    if (values.json === true) return print(JSON.stringify({ type, hostname, timestamp, ...rest }));
    const { uuid = "", name = "" } = rest as { uuid?: unknown; name?: unknown };
    print(
      `${hostname} [${new Date(timestamp * 1000).toISOString()}] ${type} ${String(uuid)} ${String(name)}`.trimEnd(),
    );
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once("SIGINT", resolve).once("SIGTERM", resolve);
  const keepAlive = setInterval(() => {}, 2 ** 30);
  await promise;
  clearInterval(keepAlive);
  await listener.close();
  await app.close();
  return 0;
}
