import { BrokenPipeError, EOFError } from "../core/index.ts";
import { me } from "../memory/index.ts";
import type { Role } from "./ends.ts";
import { ServiceLine } from "./service-line.ts";

/** One direction of a Pipe as a service keeps it. Who makes it holds both of its ends. */
export class ServicePipe extends ServiceLine {
  readonly #most: number;
  /** The clients that hold each end, with how many objects of it each has, and ends that are on their way. */
  readonly #holders = { reader: new Map<number, number>(), writer: new Map<number, number>() };
  readonly #travelling = { reader: 0, writer: 0 };

  /** `most`: bytes that may be unread. */
  constructor(most: number) {
    super();
    this.#most = most;
    this.#enter("reader");
    this.#enter("writer");
  }

  /** An end is sent to another client. */
  depart(role: Role): void {
    this.#travelling[role]++;
  }

  arrive(role: Role): void {
    this.#enter(role);
    // The same message may be revived more than once; the count of those on their way must not go below none.
    if (this.#travelling[role] > 0) this.#travelling[role]--;
  }

  leave(role: Role): void {
    const count = this.#holders[role].get(me()) ?? 0;
    if (count > 1) this.#holders[role].set(me(), count - 1);
    else this.#holders[role].delete(me());
    this.stir();
  }

  override clientGone(token: number): void {
    super.clientGone(token);
    for (const holders of Object.values(this.#holders)) holders.delete(token);
    this.stir();
  }

  protected override refusePut(): void {
    if (this.#held("reader")) return;
    throw new BrokenPipeError(NOBODY_READS);
  }

  protected override refuseGet(): void {
    if (this.#held("writer") || this.qsize() > 0) return;
    throw new EOFError(NOBODY_WRITES);
  }

  protected override hasRoomFor(message: Uint8Array): boolean {
    return this.qsize() === 0 || this.bytes + message.length <= this.#most;
  }

  #enter(role: Role): void {
    this.#holders[role].set(me(), (this.#holders[role].get(me()) ?? 0) + 1);
  }

  #held(role: Role): boolean {
    return this.#travelling[role] > 0 || this.#holders[role].size > 0;
  }
}

export const NOBODY_READS =
  "send: nobody holds the other end of the pipe any more, so nobody could read this";
export const NOBODY_WRITES = "recv: everything was read and nobody holds the other end of the pipe any more";
