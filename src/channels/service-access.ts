import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { packArguments, ship } from "../closures/index.ts";
import * as core from "../core/index.ts";
import { me, track } from "../memory/index.ts";
import { bequeath, heirloom, startLoneThread } from "../worker/index.ts";
import { Queue } from "./queue.ts";
import { serviceDirectory } from "./service-directory.ts";
import { LOST, runLink } from "./service-link.ts";
import {
  runService,
  type ServiceAddress,
  type ServiceError,
  type ServiceRequest,
  type ServiceResponse,
} from "./service.ts";

type Operation = ServiceRequest[1];
type Options = ServiceRequest[5];

/** This thread's way to a service: each call blocks or not, as the caller likes, over one connection. */
export class ServiceAccess {
  readonly at: ServiceAddress;
  readonly #requests = new Queue<ServiceRequest>();
  readonly #responses = new Queue<ServiceResponse>();
  readonly #pending = new Map<number, (response: ServiceResponse) => void>();
  /** How many of them are awaited in the event loop. */
  #awaited = 0;
  #reader: AbortController | null = null;
  #lost: core.RemoteError | null = null;
  #next = 0;

  private constructor(at: ServiceAddress) {
    this.at = at;
    startHelper("link", runLink, [at, [me(), process.pid], this.#requests, this.#responses]);
    const [, , error] = this.#responses.getSync({ timeout: START_SECONDS });
    if (error !== null)
      throw new core.RemoteError("The process that holds the shared objects cannot be reached", {
        cause: revived(error),
      });
  }

  static to(at: ServiceAddress): ServiceAccess {
    const known = accesses.get(at.address);
    if (known !== undefined && known.#lost === null) return known;
    const access = new ServiceAccess(at);
    accesses.set(at.address, access);
    return access;
  }

  /** The service of this program; the first to ask starts it, and what is started from then on is told where it is. */
  static ofProgram(): ServiceAccess {
    const known = heirloom(HEIRLOOM) as ServiceAddress | undefined;
    if (known !== undefined) {
      try {
        return ServiceAccess.to(known);
      } catch {
        // It ended with the thread that had it.
      }
    }
    const at = startService();
    bequeath(HEIRLOOM, at);
    return ServiceAccess.to(at);
  }

  /** Blocks the thread until the answer is there. */
  callSync(
    op: Operation,
    object: number | string,
    member: string = "",
    args: unknown[] = [],
    options: Options = null,
  ): any {
    let answer: ServiceResponse | undefined;
    this.#pending.set(this.#send(op, object, member, args, options), (response) => (answer = response));
    while (answer === undefined) this.#take(this.#responses.getSync());
    return valueOf(answer);
  }

  call(
    op: Operation,
    object: number,
    member: string,
    args: unknown[],
    { signal, ...options }: core.WaitOptions,
  ): Promise<any> {
    if (signal?.aborted) return Promise.reject(core.abortReason(signal) as Error);
    return new Promise((resolve, reject) => {
      const id = this.#send(op, object, member, args, options);
      // What was waited for may be given up only over there: a condition has its lock again first.
      const unlink = core.onAbort(signal, () => this.tell("cancel", id));
      this.#awaited++;
      this.#pending.set(id, (response) => {
        unlink();
        if (--this.#awaited === 0) this.#reader?.abort();
        try {
          resolve(valueOf(response));
        } catch (error) {
          reject(signal?.aborted ? (core.abortReason(signal) as Error) : error);
        }
      });
      void this.#read();
    });
  }

  /** Says something that nobody waits for. */
  tell(op: Operation, object: number, member: string = "", args: unknown[] = []): void {
    if (this.#lost === null) this.#requests.putSync([-1, op, object, member, args, null]);
  }

  #send(op: Operation, object: number | string, member: string, args: unknown[], options: Options): number {
    if (this.#lost !== null) throw this.#lost;
    const id = this.#next++;
    this.#requests.putSync([id, op, object, member, args, options]);
    return id;
  }

  /** Reads while answers are awaited, which keeps the program alive. */
  async #read(): Promise<void> {
    if (this.#reader !== null) return;
    this.#reader = new AbortController();
    const { signal } = this.#reader;
    try {
      while (this.#awaited > 0) this.#take(await this.#responses.get({ signal }));
    } catch {
      // Whoever blocked meanwhile has taken the last answer.
    }
    this.#reader = null;
    if (this.#awaited > 0) void this.#read();
  }

  #take(response: ServiceResponse): void {
    const [id] = response;
    if (id === LOST) return this.#lose();
    const settle = this.#pending.get(id);
    this.#pending.delete(id);
    settle?.(response);
  }

  #lose(): void {
    this.#lost = new core.RemoteError("The process that holds the shared objects has ended");
    const { name, message } = this.#lost;
    const pending = Array.from(this.#pending);
    this.#pending.clear();
    for (const [id, settle] of pending) settle([id, undefined, { name, message, own: {} }]);
  }
}

/** Where the service is and its key. Not in the environment, which all that a program starts can read. */
const HEIRLOOM = "service of shared objects";
const START_SECONDS = 60;
const accesses = new Map<string, ServiceAccess>();

function startService(): ServiceAddress {
  const key = randomBytes(32).toString("hex");
  const directory = serviceDirectory();
  // The end of this thread removes it; the end of a program that is killed leaves that to the tracker.
  track(directory);
  const ready = new Queue<string>();
  startHelper("service", runService, [key, directory, ready]);
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return { address: ready.getSync({ timeout: START_SECONDS }), key };
}

/** A thread that works for this one and ends with it. */
function startHelper<A extends unknown[]>(
  name: string,
  target: (...args: A) => Promise<void>,
  args: A,
): void {
  startLoneThread({
    target: ship(target, { to: "thread" }).payload,
    args: packArguments(args, { to: "thread" }),
    info: { name: `spool ${name}`, daemon: true, parent: { name: "spool", ident: threadId } },
  }).unref();
}

function valueOf([, value, error]: ServiceResponse): unknown {
  if (error !== null) throw revived(error);
  return value;
}

/** The error as it was over there: one of this package's, or of the language's. */
function revived({ name, message, own }: ServiceError): Error {
  const type = ((core as Record<string, unknown>)[name] ?? (globalThis as Record<string, unknown>)[name]) as
    | (new (message: string, details: unknown) => Error)
    | undefined;
  return Object.assign(
    typeof type === "function" ? new type(message, own) : new Error(message),
    { name },
    own,
  );
}

/** Tells the service when an object was collected here. */
export const forgotten: FinalizationRegistry<{ readonly access: ServiceAccess; readonly id: number }> =
  new FinalizationRegistry(({ access, id }) => access.tell("drop", id));
