import type { Worker } from "node:worker_threads";

/**
 * The program of the agent: a worker thread inside the target that holds an inspector session to the target's main
 * thread and relays it over our unix socket, so that the target's TCP port need not stay open. Plain JavaScript for
 * every Node from 20 on, with nothing from this package, because it is sent as text.
 *
 * One JSON message per line, both ways: the DevTools protocol; from us `{ undo }` (commands run when we let go, or
 * vanish), `{ go }` (a program that was started under us and waits may begin) and `{ leave }`; from the agent
 * `{ exiting }`, when the main thread is about to end and waits for that `leave` (see {@link startAgentThread}).
 */
const AGENT_SOURCE = `
"use strict";
const { Session } = require("node:inspector");
const { connect } = require("node:net");
const { workerData, threadId, parentPort } = require("node:worker_threads");
const { gate } = workerData;
// The main thread has ended before we were in.
if (Atomics.compareExchange(gate, 0, 0, 1) !== 0) process.exit();
const session = new Session();
let undo = [], ended = false, exiting = false;
// Commands on their way do not keep a thread alive, and one that ends before their replies is fatal to the target.
// Node 26 at times does not wake an idle thread for a message from the main thread; a beat makes it look.
setInterval(lookAtGate, 25);
Atomics.waitAsync(gate, 0, 1).value.then(lookAtGate);
const post = (method, params) => new Promise((resolve) =>
  session.post(method, params, (error, result) => resolve(error ? { error } : { result })));
const socket = connect({ path: workerData.path, allowHalfOpen: true });
const write = (message) => { if (!socket.destroyed) socket.write(JSON.stringify(message) + "\\n"); };

function lookAtGate() {
  if (exiting || Atomics.load(gate, 0) !== 2) return;
  exiting = true;
  if (workerData.alone) letGo();
  else write({ exiting });
}

function letGo() {
  session.disconnect();
  Atomics.store(gate, 0, 3);
  Atomics.notify(gate, 0);
}

async function leave() {
  if (ended) return;
  ended = true;
  if (!exiting) {
    for (const { method, params } of undo) await post(method, params);
    await post("Runtime.evaluate", { expression: workerData.removeExitHook });
  }
  letGo();
  socket.end();
  setTimeout(() => process.exit(), workerData.linger);
}

function take(line) {
  const message = JSON.parse(line);
  if (message.undo) { undo = message.undo; return; }
  if (message.go) { parentPort.postMessage("go"); return; }
  if (message.leave) return letGo();
  session.post(message.method, message.params, (error, result) =>
    write(error ? { id: message.id, error: { message: error.message } } : { id: message.id, result }));
}

async function closePort() {
  if (workerData.closePort) await post("Runtime.evaluate", { expression: workerData.closePort, includeCommandLineAPI: true });
}

session.connectToMainThread();
const portClosed = closePort();
socket.once("connect", async () => {
  await portClosed;
  session.on("inspectorNotification", write);
  write({ hello: { token: workerData.token, pid: process.pid, version: process.version, agent: threadId  } });
});
socket.setEncoding("utf8");
let rest = "";
socket.on("data", (text) => {
  const lines = (rest + text).split("\\n");
  rest = lines.pop();
  for (const line of lines) take(line);
});
socket.on("error", () => {});
socket.on("end", () => portClosed.then(leave));
socket.on("close", () => portClosed.then(leave));
`;

/** What the agent is told when it is started. */
export interface AgentOrders {
  /** Our socket, as the target sees it. */
  readonly path: string;
  readonly token: string;
  /** An expression for the main thread that closes the TCP port again; absent when the port is not ours to close. */
  readonly closePort?: string;
  /**
   * Milliseconds for which the agent's thread outlives its session. The main thread tears its end of the session down
   * when it next looks; a thread that ends at that very moment makes Node (20 to 26) abort, so the agent first makes
   * sure that the main thread is listening, lets go, and then leaves it ample time.
   */
  readonly linger: number;
  /** Takes out what the end of the main thread was given. */
  readonly removeExitHook: string;
  /** Nobody can answer while the main thread waits, because it is our own. */
  readonly alone?: boolean;
}

/** Milliseconds for which an ending main thread waits for us to take its last data; after that it goes regardless. */
const GRACE_MS = 2000;

/** The words under which {@link startAgentThread} finds what it needs. */
interface AgentStart extends AgentOrders {
  readonly source: string;
  readonly name: string;
  readonly grace: number;
}

/**
 * Starts the agent's thread; sent to the target as text, so it may use nothing but its arguments.
 *
 * When the main thread ends, by itself or by `process.exit`, it is held until we have taken its last data and the
 * agent's session is off: with a session on, Node prints "Waiting for the debugger to disconnect..." and waits. The
 * gate says where both are: 0 the agent is not in yet, 1 it is in, 2 the main thread wants to end, 3 it may.
 */
export function startAgentThread(load: NodeJS.Require, start: AgentStart): Worker {
  const { Worker } = load("node:worker_threads") as typeof import("node:worker_threads");
  const { source, name, grace, ...orders } = start;
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(source, {
    eval: true,
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    name,
    workerData: { ...orders, gate },
  });
  worker.unref();
  worker.on("error", () => {});
  const atExit = (): void => {
    if (Atomics.compareExchange(gate, 0, 0, 3) === 0 || Atomics.compareExchange(gate, 0, 1, 2) !== 1) return;
    Atomics.notify(gate, 0);
    Atomics.wait(gate, 0, 2, grace);
    // The session's end comes as an interrupt, which is looked for where a loop turns.
    for (let turn = 0; turn < 1000; turn++);
  };
  // The warning about too many listeners is for the program's own, so ours does not count.
  const limit = process.getMaxListeners();
  process.setMaxListeners(0);
  process.on("exit", Object.assign(atExit, { [Symbol.for("spool.agent")]: orders.path }));
  process.setMaxListeners(limit);
  return worker;
}

/** What {@link startAgentThread} is given. */
export function agentStart(orders: AgentOrders): AgentStart {
  return { ...orders, source: AGENT_SOURCE, name: AGENT_NAME, grace: GRACE_MS };
}

/** Takes the hook out of the main thread's end again. */
export function removeExitHook(path: string): string {
  return `for (const hook of process.listeners("exit"))
  if (hook[Symbol.for("spool.agent")] === ${JSON.stringify(path)}) process.off("exit", hook);`;
}

/** The expression that starts the agent, for any context of the target, and gives its thread id. */
export function startExpression(orders: AgentOrders): string {
  return `(${startAgentThread.toString()})(process.getBuiltinModule ?? require, ${JSON.stringify(agentStart(orders))}).threadId`;
}

/** An expression that closes the inspector's TCP port, whatever the main thread is doing. */
export const CLOSE_PORT = `(process.getBuiltinModule ?? require)("node:inspector").close()`;

/** Name of the agent's thread, so that it can be told from the target's own. */
export const AGENT_NAME = "spool-agent";

/**
 * The value for NODE_OPTIONS that makes a program, and every Node it starts, begin with the agent inside and wait until
 * we are ready: a preloaded module in a `data:` URL, so that nothing has to be found on disk.
 */
export function preloadOption(orders: AgentOrders): string {
  const source = `import * as threads from "node:worker_threads";
if (threads.isMainThread) {
  const start = ${startAgentThread.toString()};
  const worker = start(() => threads, ${JSON.stringify(agentStart(orders))});
  worker.ref();
  await new Promise((resolve) => { for (const event of ["message", "error", "exit"]) worker.once(event, resolve); });
  for (const event of ["message", "exit"]) worker.removeAllListeners(event);
  worker.unref();
}`;
  return `--import=data:text/javascript,${encodeURIComponent(source).replaceAll("'", "%27")}`;
}
