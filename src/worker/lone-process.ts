import { fork } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { entryUrl } from "./entry-url.ts";
import { childExecArgv } from "./exec-argv.ts";
import { guard } from "./guard.ts";
import { heirlooms } from "./heirlooms.ts";
import type { Lone, LoneEnd, LoneMessage, LoneStart } from "./lone.ts";

/** Starts a process for one function. It ends with this one, however this one ends. */
export function startLoneProcess(start: LoneStart): Lone {
  const child = fork(fileURLToPath(entryUrl("lone-process")), [start.info.name], {
    serialization: "advanced",
    execArgv: childExecArgv(),
  });
  const { promise, resolve } = Promise.withResolvers<LoneEnd>();
  let end: LoneEnd | null = null;
  const finish = (exitCode: number, failure: LoneEnd["failure"]): void => {
    if (end !== null) return;
    end = { exitCode, failure };
    guard.remove(child.pid);
    resolve(end);
  };
  child.on("error", (error) => {
    if (child.pid === undefined) finish(1, { error });
  });
  child.once("exit", (code, signal) => finish(code ?? -constants.signals[signal!], null));
  // What is sent now is kept in the pipe until the child reads it, even if this thread blocks from now on.
  const message: LoneMessage = { ...start, heirlooms: heirlooms() };
  child.send(message, (error) => void error);
  child.channel?.unref?.();
  if (child.pid !== undefined) guard.add(child.pid);
  return {
    ident: child.pid ?? 0,
    ended: promise,
    get end() {
      return end;
    },
    ref: () => child.ref(),
    unref: () => child.unref(),
    kill: (signal) => void child.kill(signal),
  };
}
