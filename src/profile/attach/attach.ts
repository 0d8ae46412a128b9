import { createRequire } from "node:module";
import { basename } from "node:path";
import {
  onAbort,
  ProfilerError,
  requireInteger,
  requireSignal,
  requireSeconds,
  TimeoutError,
  waitable,
  type WaitOptions,
} from "../../core/index.ts";
import { type AgentConnection, AgentServer } from "./agent-server.ts";
import { AgentSession } from "./agent-session.ts";
import { AGENT_NAME, agentStart, CLOSE_PORT, startAgentThread, startExpression } from "./agent-source.ts";
import { openPort } from "./port.ts";
import {
  gone,
  isAlive,
  nodeVersionOf,
  type ProcessFacts,
  readProcess,
  sameNamespace,
  titleOf,
} from "./proc.ts";
import { evaluate } from "./protocol.ts";
import type { InspectorSession } from "./session.ts";
import { connectToPort } from "./websocket.ts";

/** Seconds for which `attach` tries unless told otherwise. */
const DEFAULT_TIMEOUT = 10;
export interface AttachOptions extends WaitOptions {
  /** Told each thing done to the target, as it is done. */
  readonly onNote?: (line: string) => void;
  /**
   * Open the inspector without SIGUSR1, for a program that keeps this signal for itself, and on another port where its
   * own is taken: by a word or two written into its memory. Linux x64 with koffi and the right to ptrace. Default false.
   */
  readonly force?: boolean;
}

/**
 * Enters a running Node process by its PID and gives an inspector session to it; nothing need have been prepared
 * there. What happens: SIGUSR1 opens the inspector's TCP port on loopback, a worker thread (the agent) is started in
 * the target that connects back to a 0600 unix socket of ours, and the port is closed again, all within some tens of
 * milliseconds. Works while the target runs JavaScript without end or waits in `Atomics.wait`; not while it is in a
 * native call such as `execSync`. The target's own PID gives a session to this very process, without a signal.
 *
 * Closing the session leaves the target as it was. Throws ProfilerError naming the fix when the process is not
 * there, not Node, not ours, in another network namespace, ignores SIGUSR1, or does not answer within `timeout`
 * seconds (default 10).
 */
export async function attach(pid: number, options: AttachOptions = {}): Promise<InspectorSession> {
  requireInteger("pid", pid, 1);
  const timeout = Math.min(requireSeconds("timeout", options.timeout), 1e6);
  const signal = requireSignal("signal", options.signal);
  const limit = options.timeout === undefined ? DEFAULT_TIMEOUT : timeout;
  const force = options.force === true;
  const facts = checked(pid, force);
  const control = new AbortController();
  const wait = waitable<AgentSession>({ timeout: limit, signal }, `attaching to process ${pid}`, () =>
    control.abort(noAnswer(pid)),
  );
  const attempt =
    pid === process.pid ? enterSelf(facts) : enter(facts, force, control.signal, options.onNote);
  attempt.then(
    (session) => {
      if (!wait.resolve(session)) void session.close();
    },
    (error: unknown) => wait.reject(error),
  );
  return wait.promise.catch((error: unknown) => {
    if (error instanceof TimeoutError) throw noAnswer(pid);
    throw isAlive(pid) ? error : gone(pid);
  });
}

/** Facts of a process that the inspector can enter, or the error that says why not. */
function checked(pid: number, force: boolean): ProcessFacts {
  const facts = readProcess(pid);
  if (nodeVersionOf(pid) === null) {
    throw new ProfilerError(
      `process ${pid} is ${basename(facts.exe)}, not Node; \`spool ps\` lists the Node processes`,
      { code: "PROFILER_NOT_NODE" },
    );
  }
  if (sameNamespace(pid, "net") === false) {
    throw new ProfilerError(
      `process ${pid} is in another network namespace (a container): enter it with ` +
        `\`nsenter -t ${pid} -n spool ...\` or \`docker exec\`, or use --external`,
      { code: "PROFILER_OTHER_NAMESPACE" },
    );
  }
  if (pid !== process.pid && !force && !facts.handlesSigusr1) {
    throw new ProfilerError(
      `process ${pid} does not react to SIGUSR1 (--disable-sigusr1, or it has only just started): use --external`,
      { code: "PROFILER_NO_SIGNAL" },
    );
  }
  return facts;
}

async function enter(
  facts: ProcessFacts,
  force: boolean,
  signal: AbortSignal,
  onNote: (line: string) => void = () => {},
): Promise<AgentSession> {
  const { pid } = facts;
  const notes: string[] = [];
  const note = (line: string): void => {
    notes.push(line);
    onNote(line);
  };
  const arrival = Promise.withResolvers<AgentConnection>();
  // Nobody may be waiting for the agent yet when the attempt is given up.
  arrival.promise.catch(() => {});
  const unlink = onAbort(signal, () => arrival.reject(signal.reason));
  const server = await AgentServer.listen(arrival.resolve, facts);
  try {
    const open = await openPort({ facts, force, signal, note });
    try {
      note(`inspector port ${open.port} ${open.wasOpen ? "was open already" : "opened"}`);
      const orders = { ...server.orders(), ...(open.wasOpen ? {} : { closePort: CLOSE_PORT }) };
      await startAgent(open.port, startExpression(orders), signal);
      const agent = await arrival.promise;
      if (agent.hello.pid !== facts.ownPid)
        throw new ProfilerError(`the agent of process ${pid} is not its own`);
      note(`started a worker thread "${AGENT_NAME}"${open.wasOpen ? "" : `; closed port ${open.port}`}`);
      return new AgentSession(agent, pid, titleOf(facts), notes);
    } finally {
      await open.release();
    }
  } finally {
    unlink();
    server.close();
  }
}

/** Asks the main thread to start the agent. The port may close before the reply is through, which is no failure. */
async function startAgent(port: number, expression: string, signal: AbortSignal): Promise<void> {
  const connection = await connectToPort(port, signal);
  const unlink = onAbort(signal, () => connection.close());
  try {
    await evaluate(connection.protocol, expression);
  } catch (error) {
    if (!/closed the connection/.test((error as Error).message)) throw error;
  } finally {
    unlink();
    connection.close();
  }
}

async function enterSelf(facts: ProcessFacts): Promise<AgentSession> {
  const arrival = Promise.withResolvers<AgentConnection>();
  const server = await AgentServer.listen(arrival.resolve);
  try {
    const orders = { ...server.orders(), alone: true };
    const agent = startAgentThread(createRequire(import.meta.url), agentStart(orders));
    agent.once("error", arrival.reject);
    const connection = await arrival.promise;
    return new AgentSession(connection, facts.pid, titleOf(facts), [
      `started a worker thread "${AGENT_NAME}"`,
    ]);
  } finally {
    server.close();
  }
}

function noAnswer(pid: number): ProfilerError {
  return new ProfilerError(
    `process ${pid} does not answer: it is inside a native call such as execSync, or has its own handler for ` +
      `SIGUSR1 (then --force enters it); try again, or use --external`,
    { code: "PROFILER_NO_ANSWER" },
  );
}
