/**
 * The program of the agent: a worker thread inside the target that holds an inspector session to the target's main
 * thread and relays it over our unix socket, so that the target's TCP port need not stay open. Plain JavaScript for
 * every Node from 20 on, with nothing from this package, because it is sent as text.
 *
 * One JSON message per line, both ways: the DevTools protocol, and from us `{ undo }` (commands run when we let
 * go, or vanish) and `{ go }` (a program that was started under us and waits may begin).
 */
export const AGENT_SOURCE = `
"use strict";
const { Session } = require("node:inspector");
const { connect } = require("node:net");
const { workerData, threadId, parentPort } = require("node:worker_threads");
const session = new Session();
let undo = [], ended = false;
// Commands on their way do not keep a thread alive, and one that ends before their replies is fatal to the target.
// Node 26 at times does not wake an idle thread for a message from the main thread; a beat makes it look.
setInterval(() => {}, 25);
const post = (method, params) => new Promise((resolve) =>
  session.post(method, params, (error, result) => resolve(error ? { error } : { result })));
const socket = connect({ path: workerData.path, allowHalfOpen: true });
const write = (message) => { if (!socket.destroyed) socket.write(JSON.stringify(message) + "\\n"); };

async function leave() {
  if (ended) return;
  ended = true;
  for (const { method, params } of undo) await post(method, params);
  await post("Runtime.evaluate", { expression: "0" });
  session.disconnect();
  socket.end();
  setTimeout(() => process.exit(), workerData.linger);
}

function take(line) {
  const message = JSON.parse(line);
  if (message.undo) { undo = message.undo; return; }
  if (message.go) { parentPort.postMessage("go"); return; }
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
}

/** The expression that starts the agent, for any context of the target, and gives its thread id. */
export function startExpression(orders: AgentOrders): string {
  return `(() => {
  const load = process.getBuiltinModule ?? require;
  const { Worker } = load("node:worker_threads");
  const worker = new Worker(${JSON.stringify(AGENT_SOURCE)}, {
    eval: true, execArgv: [], env: {}, stdout: true, stderr: true, name: ${JSON.stringify(AGENT_NAME)},
    workerData: ${JSON.stringify(orders)},
  });
  worker.unref();
  worker.on("error", () => {});
  return worker.threadId;
})()`;
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
  const source = `import { isMainThread, Worker } from "node:worker_threads";
if (isMainThread) {
  const worker = new Worker(${JSON.stringify(AGENT_SOURCE)}, {
    eval: true, execArgv: [], env: {}, stdout: true, stderr: true, name: ${JSON.stringify(AGENT_NAME)},
    workerData: ${JSON.stringify(orders)},
  });
  await new Promise((resolve) => { for (const event of ["message", "error", "exit"]) worker.once(event, resolve); });
  worker.removeAllListeners();
  worker.on("error", () => {});
  worker.unref();
}`;
  return `--import=data:text/javascript,${encodeURIComponent(source).replaceAll("'", "%27")}`;
}
