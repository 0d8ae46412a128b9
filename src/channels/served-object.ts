import { requireWait, type WaitOptions } from "../core/index.ts";
import { forgotten, ServiceAccess } from "./service-access.ts";
import type { ServiceAddress } from "./service.ts";

/** An object that exists in a service, as it travels. */
export interface Made {
  readonly at: ServiceAddress;
  readonly id: number;
  /** What else the other side needs. */
  readonly extra: any;
}

/** What makes a served object: one that exists, or what the service is to make. */
export type Making = Made | { readonly type: string; readonly args: unknown[] };

export function isMade(value: unknown): value is Made {
  return typeof value === "object" && value !== null && "at" in value && "id" in value;
}

/** The way from here to one object of a service. */
export class Reach {
  readonly id: number;
  readonly #access: ServiceAccess;

  constructor(making: Making) {
    this.#access = isMade(making) ? ServiceAccess.to(making.at) : ServiceAccess.ofProgram();
    this.id = isMade(making) ? making.id : this.#access.callSync("make", making.type, "", making.args);
    if (isMade(making)) this.#access.tell("arrive", this.id);
    forgotten.register(this, { access: this.#access, id: this.id });
  }

  /** Calls what never waits. */
  now(method: string, ...args: unknown[]): any {
    return this.#access.callSync("call", this.id, method, args);
  }

  /** Calls what never waits, without waiting for an answer. */
  tell(method: string, ...args: unknown[]): void {
    this.#access.tell("call", this.id, method, args);
  }

  read(property: string): any {
    return this.#access.callSync("read", this.id, property);
  }

  write(property: string, value: unknown): void {
    this.#access.callSync("write", this.id, property, [value]);
  }

  /** Calls what may wait, in the event loop. */
  async wait(method: string, args: unknown[], options: WaitOptions = {}): Promise<any> {
    requireWait(options);
    return this.#access.call("wait", this.id, method, args, options);
  }

  /** Calls what may wait, and blocks. */
  block(method: string, args: unknown[], { signal, ...options }: WaitOptions = {}): any {
    requireWait({ signal, ...options });
    signal?.throwIfAborted();
    return this.#access.callSync("block", this.id, method, args, options);
  }

  /** Says that the object is sent to somebody, and how it is found there. */
  depart(extra: unknown): Made {
    this.#access.callSync("travel", this.id);
    return { at: this.#access.at, id: this.id, extra };
  }
}

/**
 * A primitive of processes that share no memory: each call is carried out by the service of the program, over a socket.
 * It has the methods, errors and contract of the class of its name in shared memory; only that a call takes some
 * tenths of a millisecond.
 */
export abstract class Served {
  /** Its name in the service. */
  static readonly type: string;
  protected readonly reach: Reach;

  constructor(making: Making) {
    this.reach = new Reach(making);
  }

  protected get extra(): unknown {
    return undefined;
  }

  /** For its crossing to another thread or process. */
  depart(): { readonly type: string; readonly made: Made } {
    return { type: (this.constructor as typeof Served).type, made: this.reach.depart(this.extra) };
  }
}
