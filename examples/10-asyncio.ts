/** When one child fails, the others are cancelled, and the group ends only after all of them have. */
import { group, sleep, timeout } from "spool/asyncio";

const log: string[] = [];
const failure = await group(async (g) => {
  g.spawn(async () => {
    await sleep(60).finally(() => log.push("cleaned up"));
  });
  g.spawn(async () => {
    throw new Error("no luck");
  });
}).catch((error: AggregateError) => error.errors[0].message);
console.log(`${failure}, ${log.join()}`);
console.log(await timeout(0.05, () => sleep(60)).catch((error) => error.name));

// Prints: no luck, cleaned up
// Prints: TimeoutError
