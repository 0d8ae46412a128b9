/** The names that Celery's Redis transport uses, with the app's prefix and separators. */
export class RedisKeys {
  readonly prefix: string;
  readonly separator: string;
  readonly steps: readonly number[];
  readonly unacked: string;
  readonly index: string;
  readonly lease: string;
  readonly sent: string;
  readonly #db: number;

  constructor(db: number, transport: Readonly<Record<string, unknown>>) {
    const text = (name: string, otherwise: string): string =>
      typeof transport[name] === "string" ? transport[name] : otherwise;
    this.#db = db;
    this.prefix = text("global_keyprefix", "");
    this.separator = text("sep", "\x06\x16");
    this.steps = Array.isArray(transport["priority_steps"])
      ? (transport["priority_steps"] as number[])
      : [0, 3, 6, 9];
    this.unacked = this.prefix + text("unacked_key", "unacked");
    this.index = this.prefix + text("unacked_index_key", "unacked_index");
    this.lease = this.prefix + text("unacked_lease_key", "unacked_lease");
    this.sent = this.prefix + text("unacked_sent_key", "unacked_sent");
  }

  /** The list for a queue's messages of this priority, which is rounded down to a step. */
  list(queue: string, priority: number): string {
    const wanted = Math.min(9, Math.max(0, priority));
    const step = this.steps.findLast((one) => one <= wanted) ?? 0;
    return this.prefix + (step === 0 ? queue : `${queue}${this.separator}${step}`);
  }

  /** A queue's lists, the most urgent first. */
  lists(queue: string): string[] {
    return this.steps.map((step) => this.list(queue, step));
  }

  binding(exchange: string): string {
    return `${this.prefix}_kombu.binding.${exchange}`;
  }

  bindingMember(routingKey: string, queue: string): string {
    return `${routingKey}${this.separator}${this.separator}${queue}`;
  }

  /** Fanout exchanges are channels, not lists. */
  channel(exchange: string, routingKey: string): string {
    return `${this.prefix}/${this.#db}.${exchange}${routingKey === "" ? "" : `/${routingKey}`}`;
  }
}
