import type { Delivery } from "../brokers/broker.ts";
import type { DeliveryInfo, Invocation, TaskRequest } from "../context.ts";
import type { TaskDefinition } from "../definition.ts";
import type { Embed, TaskBody, TaskHeaders } from "../protocol/task-message.ts";

/**
 * One task message in this worker's hands:
 *
 *     received --> held (eta, rate limit) --> ready --> active --> settling --> gone
 *         \______________________________________/ revoked or expired: settled without a run
 */
export type RequestState = "received" | "held" | "ready" | "active" | "settling" | "gone";

export class Request {
  readonly headers: TaskHeaders;
  readonly body: TaskBody;
  readonly definition: TaskDefinition;
  /** Seconds, hard before soft: the message's own, or else what the worker and the task say. */
  readonly limits: TaskHeaders["timeLimit"];
  /** The newest: the broker delivers the same message again after a lost connection. */
  delivery: Delivery;
  /** Its message was handed back, to be delivered again to anyone. */
  givenBack = false;
  state: RequestState = "received";
  acknowledged = false;
  readonly #earlier: Delivery[] = [];
  #verdict: ((delivery: Delivery) => void) | undefined;
  /** Unix seconds of the start of the run. */
  timeStart: number | null = null;
  workerPid: number | null = null;
  /** The live request, when the task runs in this very thread. */
  live: TaskRequest | undefined;
  /** Stops the run; set while it is active. */
  stop: ((reason: "terminated" | "shutdown") => void) | undefined;

  constructor(
    headers: TaskHeaders,
    body: TaskBody,
    definition: TaskDefinition,
    delivery: Delivery,
    limits: TaskHeaders["timeLimit"] = headers.timeLimit,
  ) {
    this.limits = limits;
    this.headers = headers;
    this.body = body;
    this.definition = definition;
    this.delivery = delivery;
  }

  get id(): string {
    return this.headers.id;
  }

  get name(): string {
    return this.headers.task;
  }

  get embed(): Embed {
    return this.body.embed;
  }

  get replyTo(): string {
    return this.delivery.message.properties.replyTo ?? "";
  }

  get deliveryInfo(): DeliveryInfo {
    const { exchange, routingKey, redelivered, message } = this.delivery;
    return { exchange, routingKey, priority: message.properties.priority ?? 0, redelivered };
  }

  /** Acknowledges once, however often it is called. */
  acknowledge(): void {
    this.#judge((delivery) => delivery.ack());
  }

  reject(requeue: boolean): void {
    if (!this.acknowledged) this.givenBack = requeue;
    this.#judge((delivery) => delivery.reject(requeue));
  }

  #judge(verdict: (delivery: Delivery) => void): void {
    if (this.acknowledged) return;
    this.acknowledged = true;
    this.#verdict = verdict;
    for (const delivery of [...this.#earlier, this.delivery]) verdict(delivery);
  }

  /** The broker lost sight of this request and delivers it once more: what was or will be said holds for both. */
  deliveredAgain(delivery: Delivery): void {
    this.#earlier.push(this.delivery);
    this.delivery = delivery;
    this.#verdict?.(delivery);
  }

  invocation(hostname: string): Invocation {
    return {
      headers:
        this.limits === this.headers.timeLimit ? this.headers : { ...this.headers, timeLimit: this.limits },
      args: this.body.args,
      kwargs: this.body.kwargs,
      replyTo: this.replyTo,
      hostname,
      deliveryInfo: this.deliveryInfo,
    };
  }
}
