import { sleep as sleepFor } from "../asyncio/index.ts";

/** Lets other greenlets run for `seconds`; 0 (the default) lets each that is ready run once. Python: `gevent.sleep`. */
export function sleep(seconds: number = 0): Promise<void> {
  return sleepFor(seconds);
}

/** Returns once the event loop had nothing left to do in a turn. Python: `gevent.idle`. */
export async function idle(): Promise<void> {
  await sleepFor(0);
  await sleepFor(0);
}
