import { OWN_URL } from "../model/v8-profile.ts";
import type { CdpSession, InspectorSession } from "./session.ts";

/** Milliseconds for which an ending thread waits for us to take its last data; after that it goes regardless. */
const GRACE_MS = 2000;
const BINDING = "__spoolExit";

/**
 * In a worker thread: when it ends, tell us and wait until we let it go. It waits in `Atomics.wait`, in which it still
 * answers the inspector. The warning about too many listeners is for the program's own, so ours does not count.
 */
const INSTALL = `(() => {
  const tell = globalThis.${BINDING};
  delete globalThis.${BINDING};
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const hook = () => { tell("exit"); Atomics.wait(flag, 0, 0, ${GRACE_MS}); };
  const limit = process.getMaxListeners();
  process.setMaxListeners(0);
  process.on("exit", hook);
  process.setMaxListeners(limit);
  return {
    release() { Atomics.store(flag, 0, 1); Atomics.notify(flag, 0); },
    remove() { this.release(); process.off("exit", hook); },
  };
})()
//# sourceURL=${OWN_URL}exit-hook`;

/** A hook in a thread's end; see {@link onExit}. */
export interface ExitHook {
  /** What takes the hook out of the target again, for those who must leave it to the agent. */
  readonly removals: readonly {
    readonly method: string;
    readonly params: { readonly [key: string]: unknown };
  }[];
  remove(): Promise<void>;
}

/**
 * Runs `task` when the thread ends by itself or by `process.exit`, and holds it until the task is done, but never
 * longer than two seconds. A thread that is killed or terminated tells nobody. The main thread's end is the agent's
 * to watch, which must be out of it by then.
 */
export async function onExit(
  session: CdpSession | InspectorSession,
  task: () => Promise<unknown>,
): Promise<ExitHook> {
  if (!("atExit" in session)) return onWorkerExit(session, task);
  const remove = session.atExit(task);
  return { removals: [], remove: () => Promise.resolve(remove()) };
}

async function onWorkerExit(session: CdpSession, task: () => Promise<unknown>): Promise<ExitHook> {
  await session.send("Runtime.addBinding", { name: BINDING, executionContextId: await contextOf(session) });
  const { result } = await session.send<{ result: { objectId: string } }>("Runtime.evaluate", {
    expression: INSTALL,
    silent: true,
  });
  const call = (method: string): { method: string; params: { [key: string]: unknown } } => ({
    method: "Runtime.callFunctionOn",
    params: {
      objectId: result.objectId,
      functionDeclaration: `function () { this.${method}(); }`,
      silent: true,
    },
  });
  const send = async (method: string): Promise<void> => {
    const { method: command, params } = call(method);
    // The thread may have ended meanwhile, and then there is nothing left to do there.
    await session.send(command, params).catch(() => undefined);
  };
  session.on<{ name: string }>("Runtime.bindingCalled", ({ name }) => {
    if (name === BINDING)
      void task().then(
        () => send("release"),
        () => send("release"),
      );
  });
  return { removals: [call("remove")], remove: () => send("remove") };
}

/** The id of the thread's own context, which object ids carry in their middle; other contexts are left alone. */
async function contextOf(session: CdpSession): Promise<number> {
  const { result } = await session.send<{ result: { objectId: string } }>("Runtime.evaluate", {
    expression: "({})",
  });
  return Number(result.objectId.split(".")[1]);
}
