import { NotRegistered } from "../../core/index.ts";
import type { Delivery } from "../brokers/broker.ts";
import type { TaskDefinition } from "../definition.ts";
import type { TaskHeaders } from "../protocol/task-message.ts";
import { repr, reprArgs } from "../protocol/repr.ts";
import { toIso } from "../protocol/time.ts";
import type { WorkerContext } from "./context.ts";
import { decodeDelivery, idOf, type Decoded } from "./decode.ts";
import { EtaHolder } from "./eta-holder.ts";
import { RateLimits } from "./rate-limits.ts";
import { Request } from "./request.ts";
import { revoke, settle } from "./settle.ts";
import { failureState, storeMeta } from "./store.ts";
import { encodeException } from "../protocol/exceptions.ts";

/** What the intake asks of its worker. */
export interface IntakePorts {
  readonly enqueue: (request: Request) => void;
  readonly settle: (request: Request, work: Promise<void>) => void;
  readonly heldChanged: () => void;
}

/** From a delivery to a request that may run: decode, unknown, expired, revoked, eta, rate limit, in Celery's order. */
export class Intake {
  readonly rates: RateLimits;
  readonly #context: WorkerContext;
  readonly #ports: IntakePorts;
  readonly #eta: EtaHolder;
  #closed = false;

  constructor(context: WorkerContext, ports: IntakePorts) {
    this.#context = context;
    this.#ports = ports;
    this.rates = new RateLimits((request) => this.#release(request));
    this.#eta = new EtaHolder((request) => {
      ports.heldChanged();
      this.#due(request);
    });
  }

  /** How many wait for their eta. */
  get held(): number {
    return this.#eta.size;
  }

  scheduled(): Request[] {
    return this.#eta.requests();
  }

  receive(delivery: Delivery): void {
    try {
      const decoded = decodeDelivery(delivery, this.#context.runtime.settings);
      if (decoded instanceof Promise) {
        decoded.then(
          (value) => this.#decoded(delivery, value),
          (error: unknown) => this.#malformed(delivery, error),
        );
      } else this.#decoded(delivery, decoded);
    } catch (error) {
      this.#malformed(delivery, error);
    }
  }

  /** Settles what waits here and has been revoked meanwhile. */
  dropRevoked(): void {
    for (const request of [...this.#eta.requests(), ...this.rates.requests()]) {
      if (!this.#context.revoked.has(request.id, request.headers.stamps)) continue;
      this.#eta.drop(request);
      this.rates.drop(request);
      this.#unwanted(request);
    }
    this.#ports.heldChanged();
  }

  close(): void {
    this.#closed = true;
    this.#eta.close();
    this.rates.close();
  }

  #decoded(delivery: Delivery, { headers, body }: Decoded): void {
    // A worker that is closing gives back what still comes.
    if (this.#closed) return;
    if (delivery.redelivered && this.#isInHand(headers, delivery)) return;
    const definition = this.#context.runtime.tasks.get(headers.task);
    if (definition === undefined) return this.#unknown(new Request(headers, body, UNKNOWN, delivery));
    const limits = this.#limits(headers, definition);
    this.#admit(new Request(headers, body, definition, delivery, limits));
  }

  /** The connection was lost while the task was in hand: same task, one more message to acknowledge. */
  #isInHand({ id, retries }: TaskHeaders, delivery: Delivery): boolean {
    const known = this.#context.inHand.get(id);
    if (known === undefined || known.givenBack || retries > known.headers.retries) return false;
    // An earlier try, whose acknowledgement was lost after its successor had been sent.
    if (retries < known.headers.retries) delivery.ack();
    else known.deliveredAgain(delivery);
    return true;
  }

  #limits(headers: TaskHeaders, { name, options }: TaskDefinition): TaskHeaders["timeLimit"] {
    const [hard, soft] = headers.timeLimit;
    const [setHard, setSoft] = this.#context.timeLimits.get(name) ?? NO_LIMITS;
    const ownHard = hard ?? setHard ?? options.timeLimit ?? null;
    const ownSoft = soft ?? setSoft ?? options.softTimeLimit ?? null;
    return ownHard === hard && ownSoft === soft ? headers.timeLimit : [ownHard, ownSoft];
  }

  #admit(request: Request): void {
    const { headers } = request;
    const { totals, events, log, inHand } = this.#context;
    inHand.set(request.id, request);
    log("info", `Task ${request.name}[${request.id}] received`);
    if (this.#unwanted(request)) return;
    totals.set(request.name, (totals.get(request.name) ?? 0) + 1);
    events.task("task-received", () => ({
      uuid: request.id,
      name: request.name,
      args: reprArgs(request.body.args),
      kwargs: repr(request.body.kwargs),
      root_id: headers.rootId,
      parent_id: headers.parentId,
      retries: headers.retries,
      eta: headers.eta === null ? null : toIso(headers.eta),
      expires: headers.expires === null ? null : toIso(headers.expires),
    }));
    if (headers.eta !== null && headers.eta > Date.now()) {
      this.#eta.hold(request, headers.eta);
      this.#ports.heldChanged();
    } else this.#due(request);
  }

  #due(request: Request): void {
    if (this.#unwanted(request)) return;
    if (this.rates.admit(request, this.#context.runtime.settings.taskDefaultRateLimit))
      this.#release(request);
  }

  #release(request: Request): void {
    if (!this.#closed) this.#ports.enqueue(request);
  }

  /** Settles at once what expired or was revoked. */
  #unwanted(request: Request): boolean {
    const { id, expires, stamps } = request.headers;
    const reason = this.#context.revoked.has(id, stamps)
      ? "revoked"
      : expires !== null && expires <= Date.now()
        ? "expired"
        : undefined;
    if (reason === undefined) return false;
    this.#ports.settle(request, revoke(this.#context, request, reason));
    return true;
  }

  #unknown(request: Request): void {
    this.#context.log("error", `Received a task of unknown name ${JSON.stringify(request.name)}`);
    const error = encodeException(new NotRegistered(request.name));
    const ending = { kind: "failure", error, traceback: null, children: [], seconds: 0 } as const;
    this.#ports.settle(request, settle(this.#context, request, ending));
  }

  /** Rejected, never to come back; with a stored failure where the message says its id, so that nobody waits in vain. */
  #malformed(delivery: Delivery, error: unknown): void {
    this.#context.log("error", `A malformed message was rejected: ${String(error)}`);
    const id = idOf(delivery);
    const replyTo = delivery.message.properties.replyTo ?? "";
    if (id === undefined) return delivery.reject(false);
    storeMeta(
      this.#context.backend,
      { id, parentId: null, group: null },
      replyTo,
      failureState(error, null),
    ).then(
      () => delivery.reject(false),
      () => delivery.reject(true),
    );
  }
}

const NO_LIMITS: readonly [null, null] = [null, null];
const UNKNOWN = { name: "", fn: () => {}, options: {}, bound: false, builtin: false };
