import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { onAbort, ProfilerError } from "../../core/index.ts";
import { postInspectorSemaphore, redirectInspector } from "../external/index.ts";
import { CLOSE_PORT } from "./agent-source.ts";
import { allPids, gone, nodeVersionOf, type ProcessFacts, readProcess } from "./proc.ts";
import { evaluate } from "./protocol.ts";
import { hasClient, holderOf, isPortTaken, listeningPorts } from "./sockets.ts";
import { connectToPort } from "./websocket.ts";

/** The port Node's inspector listens on when it is woken by a signal, unless the target was told another. */
const DEFAULT_PORT = 9229;
/** One name per network namespace, as the port itself; it goes with the process that holds it. */
const LOCK_NAME = "\0spool-inspector-port";
/** How long another profiler is given to free the port before its holder is asked to move. */
const PATIENCE_MS = 150;
/** How long a holder of the port may take to show that it is an inspector. */
const MOVE_MS = 2000;
/** Milliseconds after our command in which the connection that brought it is surely gone. */
const HANG_UP_MS = 30;
/** How often a target that did not answer is looked at for a port that opens after all, and how long closing may take. */
const LATE_POLL_MS = 50;
const LATE_CLOSE_MS = 5000;

/** The notes of the moment from which on a target can answer. */
export const WOKEN = "sent SIGUSR1";
export const WOKEN_BY_FORCE = "posted the semaphore of its inspector thread; no signal was sent";

export interface OpenPort {
  readonly port: number;
  /** True when the port was open before us and so must stay open. */
  readonly wasOpen: boolean;
  /** Undoes what was done to others so that the port could be opened. */
  release(): Promise<void>;
}

/** One attempt to enter a target. */
export interface Visit {
  readonly facts: ProcessFacts;
  /** Without a signal, and on another port where the target's is taken: by writing into its memory. */
  readonly force: boolean;
  readonly signal: AbortSignal;
  note(line: string): void;
}

/**
 * Makes the target listen for an inspector client, and gives the port, which is proved to be the target's own. One
 * spool at a time does this on a machine: simultaneous ones would fight for the same port.
 */
export async function openPort(visit: Visit): Promise<OpenPort> {
  const { facts, signal, note } = visit;
  const wanted = configuredPort(facts);
  if (listeningPorts(facts.pid).includes(wanted)) {
    return { port: wanted, wasOpen: true, release: async () => {} };
  }
  const unlock = await lock(signal);
  try {
    const moveBack = await freePort(facts.pid, wanted, signal, note).catch((error: unknown) => {
      if (!visit.force || !isTaken(error)) throw error;
      return useAnotherPort(visit, wanted);
    });
    const release = async (): Promise<void> => {
      await moveBack();
      unlock();
    };
    try {
      const port = await wake(visit, wanted);
      return { port, wasOpen: false, release };
    } catch (error) {
      await moveBack();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Sends SIGUSR1 (or, by force, does what its handler would do) and waits until a port of the target's own opens. When
 * somebody who does not ask for our lock takes the port just then, the target gives up, and is woken again as soon as it
 * is free.
 */
async function wake({ facts, force, signal, note }: Visit, wanted: number): Promise<number> {
  const before = new Set(listeningPorts(facts.pid));
  const opened = (): number | undefined => {
    const fresh = listeningPorts(facts.pid).filter((port) => !before.has(port));
    return fresh.find((port) => port === wanted) ?? fresh[0];
  };
  const send = (): void => {
    // Others may have had their turn before us, and the number may be another process's by now.
    if (readProcess(facts.pid).startedAt !== facts.startedAt) throw gone(facts.pid);
    note(force ? WOKEN_BY_FORCE : WOKEN);
    if (force) postInspectorSemaphore(facts.pid);
    else process.kill(facts.pid, "SIGUSR1");
  };
  let lost = false;
  send();
  try {
    return await poll(signal, () => {
      const port = opened();
      if (port !== undefined) return port;
      const taken = isPortTaken(facts.pid, wanted);
      if (lost && !taken) send();
      lost = taken;
      return undefined;
    });
  } catch (error) {
    closeLate(opened);
    throw error;
  }
}

/** A target that was in a native call opens its port when the call returns, after we gave up: close it then. */
function closeLate(opened: () => number | undefined): void {
  const look = (): void => {
    let port: number | undefined;
    try {
      port = opened();
    } catch {
      return;
    }
    if (port === undefined) setTimeout(look, LATE_POLL_MS).unref();
    else void closePort(port);
  };
  look();
}

async function closePort(port: number): Promise<void> {
  try {
    await later(port, CLOSE_PORT, AbortSignal.timeout(LATE_CLOSE_MS));
  } catch {
    // The target has gone, and its port with it.
  }
}

/** Waits until nobody holds the port, asking a Node that does to listen elsewhere for the moment; gives the way back. */
async function freePort(
  pid: number,
  port: number,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<() => Promise<void>> {
  if (!isPortTaken(pid, port)) return async () => {};
  await poll(AbortSignal.timeout(PATIENCE_MS), () => (isPortTaken(pid, port) ? undefined : true)).catch(
    () => {},
  );
  if (!isPortTaken(pid, port)) return async () => {};
  const holder = holderOf(port, allPids());
  if (holder === undefined || nodeVersionOf(holder) === null || hasClient(holder, port)) {
    throw taken(port, holder);
  }
  const before = new Set(listeningPorts(holder));
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(MOVE_MS)]);
  await moveInspector(port, 0, inTime, Date.now() + MOVE_MS).catch((error) => {
    signal.throwIfAborted();
    throw taken(port, holder, error);
  });
  const moved = await poll(AbortSignal.any([signal, AbortSignal.timeout(MOVE_MS)]), () =>
    listeningPorts(holder).find((p) => !before.has(p)),
  ).catch((error) => {
    signal.throwIfAborted();
    throw taken(port, holder, error);
  });
  note(`asked process ${holder} to move its inspector from port ${port} to ${moved}`);
  return async () => {
    await moveInspector(moved, port, signal);
    await poll(signal, () => listeningPorts(holder).find((p) => p === port));
    note(`moved the inspector of process ${holder} back to port ${port}`);
  };
}

/** By force: the target is made to open a port that is free; gives the way back. */
function useAnotherPort({ facts, note }: Visit, wanted: number): () => Promise<void> {
  const putBack = redirectInspector(facts.pid, wanted, 0);
  note(`port ${wanted} is taken: wrote into process ${facts.pid} that its inspector is to open another`);
  return async () => putBack();
}

function isTaken(error: unknown): boolean {
  return error instanceof ProfilerError && error.code === "PROFILER_PORT_TAKEN";
}

/** Closes a Node's inspector port and opens another; when its loop is blocked until `before`, it does not any more. */
async function moveInspector(
  from: number,
  to: number,
  signal: AbortSignal,
  before: number = Infinity,
): Promise<void> {
  const inspector = `(process.getBuiltinModule ?? require)("node:inspector")`;
  const move = `((i) => { i.close(); i.open(${to}, "127.0.0.1"); })(${inspector})`;
  await later(from, `if (Date.now() < ${before}) ${move}`, signal);
}

/**
 * Has an expression run when we have hung up: an inspector that closes its port while a client is connected waits for
 * the client, and Node has been seen to hang or abort when the client goes at that very moment.
 */
async function later(port: number, expression: string, signal: AbortSignal): Promise<void> {
  const connection = await connectToPort(port, signal);
  const unlink = onAbort(signal, () => connection.close());
  try {
    const command = `((require) => { setTimeout(() => { ${expression}; }, ${HANG_UP_MS}); })(require)`;
    await evaluate(connection.protocol, command);
  } finally {
    unlink();
    connection.close();
  }
}

function taken(port: number, holder: number | undefined, cause?: unknown): ProfilerError {
  const who = holder === undefined ? "a process of another user" : `process ${holder}`;
  return new ProfilerError(
    `port ${port}, which the target's inspector needs, is held by ${who}: free it, or use --external, or --force with ` +
      "`spool record`, `top` or `stalls`, which opens another",
    { code: "PROFILER_PORT_TAKEN", cause },
  );
}

function configuredPort(facts: ProcessFacts): number {
  for (const arg of facts.argv) {
    const match = /^--(?:inspect|inspect-brk|inspect-wait|inspect-port|debug-port)=(?:.*:)?(\d+)$/.exec(arg);
    if (match !== null) return Number(match[1]);
  }
  return DEFAULT_PORT;
}

async function lock(signal: AbortSignal): Promise<() => void> {
  for (;;) {
    const server = createServer();
    const held = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(LOCK_NAME, () => resolve(true));
    });
    if (held) return () => void server.close();
    await delay(20, undefined, { signal });
  }
}

/** Asks again and again, ever less often, until there is an answer. */
async function poll<T>(signal: AbortSignal, ask: () => T | undefined): Promise<T> {
  for (let pause = 1; ; pause = Math.min(pause * 1.5, 20)) {
    const answer = ask();
    if (answer !== undefined) return answer;
    await delay(pause, undefined, { signal });
  }
}
