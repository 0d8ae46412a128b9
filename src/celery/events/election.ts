import { clock } from "../../core/index.ts";
import { plan } from "../canvas/plan.ts";
import type { Listener } from "../brokers/broker.ts";
import { decodeSignature } from "../protocol/task-message.ts";
import type { Runtime } from "../runtime.ts";
import { Events } from "./receiver.ts";
import type { EventSender, WireEvent } from "./sender.ts";

interface Candidate {
  readonly clock: number;
  readonly name: string;
  readonly topic: string;
  readonly action: unknown;
}

/** Two beats and a half without a sign: the worker counts as gone. */
const ALIVE_MS = 5000;
const FORGET_SECONDS = 60;

/**
 * Celery's elections among workers (`control.election`): all put themselves forward, all acknowledge, and once every
 * living worker has, the lowest clock wins and carries the action out. Who sends heartbeats must take part.
 */
export class Election {
  readonly #runtime: Runtime;
  readonly #node: string;
  readonly #sender: EventSender;
  readonly #alive = new Map<string, number>();
  readonly #candidates = new Map<string, Candidate[]>();
  readonly #acks = new Map<string, Set<string>>();
  #listener: Listener | undefined;

  constructor(runtime: Runtime, node: string, sender: EventSender) {
    this.#runtime = runtime;
    this.#node = node;
    this.#sender = sender;
  }

  async start(): Promise<void> {
    this.#listener = await new Events(this.#runtime).listen((event) => this.#heard(event), "worker.#");
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
  }

  /** Puts this worker forward. */
  stand(id: string, topic: string, action: unknown): void {
    void this.#sender.worker("worker-elect", { id, topic, action, cver: 1 });
  }

  #heard(event: WireEvent): void {
    const { type, hostname } = event;
    if (type === "worker-offline") this.#alive.delete(hostname);
    else this.#alive.set(hostname, Date.now());
    if (type === "worker-elect") this.#heardCandidate(event);
    if (type === "worker-elect-ack") this.#heardAck(event);
  }

  #heardCandidate(event: WireEvent): void {
    const id = String(event["id"]);
    const candidate = {
      clock: event.clock,
      name: `${event.hostname}.${event.pid}`,
      topic: String(event["topic"]),
      action: event["action"],
    };
    const candidates = this.#candidates.get(id);
    if (candidates !== undefined) return void candidates.push(candidate);
    this.#candidates.set(id, [candidate]);
    clock().after(FORGET_SECONDS, () => this.#forget(id), { unref: true });
    void this.#sender.worker("worker-elect-ack", { id });
  }

  #heardAck(event: WireEvent): void {
    const id = String(event["id"]);
    const acks = this.#acks.get(id) ?? new Set();
    this.#acks.set(id, acks.add(event.hostname));
    const oldest = Date.now() - ALIVE_MS;
    const alive = [...this.#alive.values()].filter((seen) => seen > oldest).length;
    if (acks.size < alive) return;
    const [winner] = (this.#candidates.get(id) ?? []).toSorted(
      (a, b) => a.clock - b.clock || (a.name < b.name ? -1 : 1),
    );
    this.#forget(id);
    if (winner?.name === `${this.#node}.${process.pid}` && winner.topic === "task")
      this.#carryOut(winner.action);
  }

  #carryOut(action: unknown): void {
    try {
      plan(this.#runtime, decodeSignature(action))
        .send()
        .catch(() => {});
    } catch {
      // The action is no signature.
    }
  }

  #forget(id: string): void {
    this.#candidates.delete(id);
    this.#acks.delete(id);
  }
}
