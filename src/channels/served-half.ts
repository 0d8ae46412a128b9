import type { WaitOptions } from "../core/index.ts";
import type { Read } from "../memory/index.ts";
import type { Encoded } from "./codec.ts";
import type { Role } from "./ends.ts";
import { type Half, late, UNREAD_BYTES } from "./pipe-half.ts";
import { packMessage, readLoan } from "./served-message.ts";
import { type Made, Reach } from "./served-object.ts";
import type { Loan } from "./service-line.ts";

/** A half of a pipe between processes that share no memory. */
export class ServedHalf implements Half {
  readonly #reach: Reach;
  readonly #role: Role;

  private constructor(reach: Reach, role: Role) {
    this.#reach = reach;
    this.#role = role;
  }

  /** The two ends of a new direction. */
  static create(): { readonly reader: Half; readonly writer: Half } {
    const reach = new Reach({ type: "Pipe", args: [UNREAD_BYTES] });
    return { reader: new ServedHalf(reach, "reader"), writer: new ServedHalf(reach, "writer") };
  }

  /** A half that was sent from another thread or process. */
  static receive(made: Made, role: Role): Half {
    const half = new ServedHalf(new Reach(made), role);
    half.#reach.now("arrive", role);
    return half;
  }

  async put(message: Encoded, options: WaitOptions): Promise<void> {
    if (!(await this.#reach.wait("put", [packMessage(message)], options))) throw late("send", options);
  }

  putSync(message: Encoded, options: WaitOptions): void {
    if (!this.#reach.block("put", [packMessage(message)], options)) throw late("send", options);
  }

  async get<T>(read: Read<T>, options: WaitOptions): Promise<T> {
    return this.#read(await this.#reach.wait("get", [], options), read, options);
  }

  getSync<T>(read: Read<T>, options: WaitOptions): T {
    return this.#read(this.#reach.block("get", [], options), read, options);
  }

  poll(options: WaitOptions): Promise<boolean> {
    return this.#reach.wait("poll", [], options);
  }

  pollSync(options: WaitOptions): boolean {
    return this.#reach.block("poll", [], options);
  }

  leave(): void {
    this.#reach.tell("leave", this.#role);
  }

  depart(): Made {
    const made = this.#reach.depart(null);
    this.#reach.now("depart", this.#role);
    return made;
  }

  #read<T>(loan: Loan | undefined, read: Read<T>, options: WaitOptions): T {
    if (loan === undefined) throw late("recv", options);
    return readLoan(this.#reach, loan, read);
  }
}
