import { ProfilerError } from "../../core/index.ts";
import type { AgentConnection } from "./agent-server.ts";
import { AGENT_NAME } from "./agent-source.ts";
import { evaluate, Protocol } from "./protocol.ts";
import type { InspectorSession, Json, WorkerSession } from "./session.ts";

/** What the agent says when the main thread is about to end. */
const EXITING = JSON.stringify({ exiting: true });

type Command = { readonly method: string; readonly params?: Json };

/** An {@link InspectorSession} over the agent inside the target. */
export class AgentSession implements InspectorSession {
  readonly pid: number;
  readonly nodeVersion: string;
  readonly title: string;
  readonly notes: readonly string[];
  readonly ended: Promise<"closed" | "exited">;
  readonly #agent: AgentConnection;
  readonly #protocol: Protocol;
  readonly #workers = new Map<string, Worker>();
  readonly #undo = new Map<InspectorSession | Worker, readonly Command[]>();
  readonly #exitTasks = new Set<() => Promise<unknown>>();
  #closing = false;

  /** `pid` is the target's as we see it; the agent may be in another PID namespace. */
  constructor(agent: AgentConnection, pid: number, title: string, notes: readonly string[]) {
    this.pid = pid;
    this.title = title;
    this.notes = notes;
    this.nodeVersion = agent.hello.version;
    this.#agent = agent;
    this.#protocol = new Protocol({ post: (message) => agent.socket.write(`${message}\n`) });
    agent.onMessage = (line) => (line === EXITING ? void this.#beforeExit() : this.#protocol.receive(line));
    this.ended = new Promise((resolve) => agent.socket.once("close", () => resolve(this.#end())));
  }

  send<R = Json>(method: string, params?: Json): Promise<R> {
    return this.#protocol.send<R>(method, params);
  }

  on<P = Json>(event: string, listener: (params: P) => void): () => void {
    return this.#protocol.on(event, listener);
  }

  async workers(listener: (worker: WorkerSession) => void): Promise<void> {
    this.on<Attached>("NodeWorker.attachedToWorker", ({ sessionId, workerInfo }) => {
      if (isAgent(workerInfo)) return;
      const worker = new Worker(this.#protocol, sessionId, workerInfo, (undo) => this.#setUndo(worker, undo));
      this.#workers.set(sessionId, worker);
      // One that never answers (it is in a native call until it ends) is one there is nothing to learn about.
      worker.introduce().then(
        () => {
          if (worker.thread !== this.#agent.hello.agent) listener(worker);
        },
        () => {},
      );
    });
    this.on<{ sessionId: string; message: string }>(
      "NodeWorker.receivedMessageFromWorker",
      ({ sessionId, message }) => this.#workers.get(sessionId)?.receive(message),
    );
    this.on<{ sessionId: string }>("NodeWorker.detachedFromWorker", ({ sessionId }) => {
      const worker = this.#workers.get(sessionId);
      if (worker === undefined) return;
      worker.end();
      this.#workers.delete(sessionId);
      this.#undo.delete(worker);
    });
    await this.send("NodeWorker.enable", { waitForDebuggerOnStart: false });
  }

  atDetach(commands: readonly Command[]): void {
    this.#setUndo(this, commands);
  }

  atExit(task: () => Promise<unknown>): () => void {
    this.#exitTasks.add(task);
    return () => void this.#exitTasks.delete(task);
  }

  /** Lets a program that was started with the agent inside begin. */
  go(): void {
    this.#order({ go: true });
  }

  async close(): Promise<void> {
    this.#closing = true;
    // The agent undoes what is to be undone, disconnects and ends its thread; its closing the socket says so.
    this.#agent.socket.end();
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #setUndo(of: InspectorSession | Worker, commands: readonly Command[]): void {
    this.#undo.set(of, commands);
    this.#order({ undo: [...this.#undo.values()].flat() });
  }

  async #beforeExit(): Promise<void> {
    await Promise.allSettled([...this.#exitTasks].map((task) => task()));
    this.#order({ leave: true });
  }

  #order(order: Json): void {
    if (!this.#agent.socket.destroyed) this.#agent.socket.write(`${JSON.stringify(order)}\n`);
  }

  #end(): "closed" | "exited" {
    for (const worker of this.#workers.values()) worker.end();
    this.#workers.clear();
    const exited = !this.#closing;
    const how = exited ? "has exited" : "was let go";
    this.#protocol.fail(new ProfilerError(`process ${this.pid} ${how}`, { code: "PROFILER_TARGET_GONE" }));
    return exited ? "exited" : "closed";
  }
}

interface WorkerInfo {
  readonly title: string;
}

interface Attached {
  readonly sessionId: string;
  readonly workerInfo: WorkerInfo;
}

function isAgent(info: WorkerInfo): boolean {
  return info.title.includes(AGENT_NAME);
}

class Worker extends Protocol implements WorkerSession {
  thread = 0;
  name: string;
  readonly ended: Promise<void>;
  readonly #resolveEnded: () => void;
  readonly #sessionId: string;
  readonly #setUndo: (commands: readonly Command[]) => void;

  constructor(
    main: Protocol,
    sessionId: string,
    info: WorkerInfo,
    setUndo: (commands: readonly Command[]) => void,
  ) {
    super({
      // A worker that ends while a command is on its way answers by detaching, so a failure to post is no news.
      post: (message) =>
        void main.send("NodeWorker.sendMessageToWorker", { sessionId, message }).catch(() => {}),
    });
    this.#sessionId = sessionId;
    this.#setUndo = setUndo;
    this.name = info.title.replace(/^\[worker \d+\] ?/, "");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
  }

  /** Asks the worker who it is: the inspector's own numbers are not Node's thread ids. */
  async introduce(): Promise<void> {
    const expression = `(({ threadId, threadName }) => [threadId, threadName || ""])((process.getBuiltinModule ?? require)("node:worker_threads"))`;
    const [thread, name] = await evaluate<[number, string]>(this, expression);
    this.thread = thread;
    if (name !== "") this.name = name;
    if (/^(WorkerThread|Worker \d+|)$/.test(this.name)) this.name = "worker";
  }

  /** The agent speaks to the main thread, which hands it on. */
  atDetach(commands: readonly Command[]): void {
    const sessionId = this.#sessionId;
    this.#setUndo(
      commands.map((command, i) => ({
        method: "NodeWorker.sendMessageToWorker",
        // Nobody waits for the reply, but a command needs a number: one that no other has.
        params: { sessionId, message: JSON.stringify({ id: -1 - i, ...command }) },
      })),
    );
  }

  end(): void {
    this.fail(new ProfilerError(`worker ${this.thread} has ended`, { code: "PROFILER_TARGET_GONE" }));
    this.#resolveEnded();
  }
}
