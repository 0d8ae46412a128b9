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

/** Stands for an object in a manager, in any thread or process. Python: `multiprocessing.managers.BaseProxy`. */
class RemoteObject {
  static {
    shareable(this, import.meta.url, "makeProxy", (it: RemoteObject) => states.get(it));
  }
}

const states = new WeakMap<object, ProxyState>();

/** A proxy for an object; also the other side of its crossing. @public */
export function makeProxy<T = any>(state: ProxyState): Proxied<T> {
  const proxy = new RemoteObject();
  states.set(proxy, state);
  let client: ManagerClient | null = null;
  for (const method of state.methods) {
    Object.defineProperty(proxy, method, {
      value: async (...args: unknown[]) => {
        if (client?.open !== true) client = await ManagerClient.to(state.address, state.authkey);
        return client.call("call", state.object, method, args);
      },
    });
  }
  return proxy as Proxied<T>;
}
