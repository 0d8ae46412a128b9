import { requireFunction } from "../core/index.ts";
import { type Holder, Scope, currentScope } from "./scope.ts";

/**
 * Runs `fn` out of reach of cancellation from above and waits for it; for cleanup that must finish. The caller's own
 * cancellation strikes at its next wait after the shield. Bound it: `timeout(5, () => ...)` inside. anyio:
 * `CancelScope(shield=True)`. (asyncio's `shield` lets the wait go and leaves the work behind; here it is waited for.)
 */
export async function shield<T>(fn: () => T | PromiseLike<T>): Promise<T> {
  requireFunction("fn", fn);
  const scope = new Scope(currentScope(), true);
  scope.holder = { kind: "shield", name: fn.name || "shield" } satisfies Holder;
  try {
    return await scope.run(fn);
  } finally {
    scope.unlink();
  }
}
