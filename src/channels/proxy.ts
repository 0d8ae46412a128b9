import { shareable } from "../sync/index.ts";
import type { Address } from "./listener.ts";
import { ManagerClient } from "./manager-client.ts";

/** An object in a manager, seen from elsewhere: its methods, each returning a promise. */
export type Proxied<T> = {
  readonly [K in keyof T as T[K] extends (...args: any[]) => unknown ? K : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** Where an object lives and what can be called. Whoever has a proxy can use the manager: the key is in it. */
export interface ProxyState {
  readonly address: Address;
  readonly authkey: Uint8Array;
  readonly object: number;
  readonly methods: readonly string[];
}

/**
 * Stands for an object in a manager, in any thread or process. The manager forgets the object when the last proxy of
 * it was collected. Python: `multiprocessing.managers.BaseProxy`.
 */
class RemoteObject {
  static {
    shareable(this, import.meta.url, "makeProxy", (it: RemoteObject) => links.get(it)!.depart());
  }
}

/** What a proxy knows: where its object is, and the way there once it has been used. */
class Link {
  readonly #state: ProxyState;
  #client: ManagerClient | null = null;

  constructor(state: ProxyState, client: ManagerClient | null) {
    this.#state = state;
    if (client !== null) this.#use(client);
  }

  async call(method: string, args: unknown[]): Promise<unknown> {
    if (this.#client?.open !== true)
      this.#use(await ManagerClient.to(this.#state.address, this.#state.authkey));
    return this.#client!.call("call", this.#state.object, method, args);
  }

  depart(): ProxyState {
    this.#client?.travel(this.#state.object);
    return this.#state;
  }

  end(): void {
    this.#client?.release(this.#state.object);
  }

  #use(client: ManagerClient): void {
    this.#client = client;
    client.adopt(this.#state.object);
  }
}

const links = new WeakMap<object, Link>();
const collected = new FinalizationRegistry((link: Link) => link.end());

/** A proxy for an object; also the other side of its crossing. `client`: for the thread that made the object. @public */
export function makeProxy<T = any>(state: ProxyState, client: ManagerClient | null = null): Proxied<T> {
  const proxy = new RemoteObject();
  const made = new Link(state, client);
  links.set(proxy, made);
  collected.register(proxy, made);
  for (const method of state.methods) {
    // By way of the proxy, so that a method that was taken off it keeps it.
    Object.defineProperty(proxy, method, {
      value: (...args: unknown[]) => links.get(proxy)!.call(method, args),
    });
  }
  return proxy as Proxied<T>;
}
