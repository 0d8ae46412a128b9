import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { packArguments } from "spool/closures";

/**
 * Another thread or process that a test gives objects to and calls their methods in: the other side of every
 * contract test. Calls are answered when they return; a blocking call blocks only the remote.
 */
export interface Remote extends AsyncDisposable {
  readonly kind: "thread" | "process";
  /** Sends an object over; it is known there by `name`. */
  give(name: string, object: unknown): Promise<void>;
  /** Calls `object[method](...args)` there, awaits it, and returns the result (which must be plain data). */
  call<R = unknown>(name: string, method: string, ...args: unknown[]): Promise<R>;
  /** Reads a property there. */
  get<R = unknown>(name: string, property: string): Promise<R>;
  /** Runs a program of calls there without coming back between them. */
  script<R = unknown>(name: string, ...args: unknown[]): Promise<R>;
  readonly pid: number;
  /** Ends it at once, in whatever it is doing: SIGKILL, or `terminate` for a thread. */
  kill(): Promise<void>;
}

const entry = new URL("remote-entry.ts", import.meta.url);

export async function remote(kind: "thread" | "process"): Promise<Remote> {
  const peer: Worker | ChildProcess =
    kind === "thread" ? new Worker(entry) : fork(entry, { serialization: "advanced", stdio: "inherit" });
  const waiting = new Map<number, { resolve(value: any): void; reject(error: unknown): void }>();
  let next = 0;
  peer.on("message", (message: any) => {
    const call = waiting.get(message.id)!;
    waiting.delete(message.id);
    if ("error" in message) call.reject(Object.assign(new Error(message.error.message), message.error));
    else call.resolve(message.value);
  });
  const ended = once(peer, "exit").then(() => {
    for (const call of waiting.values()) call.reject(new Error("the remote ended"));
    waiting.clear();
  });
  const send = (op: string, rest: object): Promise<any> => {
    const id = next++;
    const { promise, resolve, reject } = Promise.withResolvers<any>();
    waiting.set(id, { resolve, reject });
    const message = { id, op, ...rest };
    if (peer instanceof Worker) peer.postMessage(message);
    else peer.send(message);
    return promise;
  };
  const self: Remote = {
    kind,
    pid: await send("pid", {}),
    give: (name, object) => send("give", { name, wire: packArguments([object], { to: kind }) }),
    call: (name, method, ...args) => send("call", { name, method, args }),
    get: (name, property) => send("get", { name, property }),
    script: (name, ...args) => send("script", { name, args }),
    async kill() {
      if (peer instanceof Worker) await peer.terminate();
      else peer.kill("SIGKILL");
      await ended;
    },
    [Symbol.asyncDispose]: () => self.kill(),
  };
  return self;
}
