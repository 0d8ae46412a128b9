import { Control } from "../control/control.ts";
import type { Runtime } from "../runtime.ts";
import type { Revoked } from "./revoked.ts";

/** Seconds to wait for other workers; Celery's own. */
const HELLO_SECONDS = 1;

/** Takes over what other workers know to be revoked, and sets the clock by theirs. Python: mingle. */
export async function mingle(runtime: Runtime, node: string, revoked: Revoked): Promise<void> {
  const own = Object.fromEntries(revoked.ids().map((id) => [id, [0, id]]));
  const replies = await new Control(runtime).call<{ readonly revoked?: object | null } | null>(
    "hello",
    { from_node: node, revoked: own },
    { timeout: HELLO_SECONDS },
  );
  for (const reply of Object.values(replies))
    for (const id of Object.keys(reply?.revoked ?? {})) revoked.add(id);
}
