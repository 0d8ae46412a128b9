import { builtinPath, intrinsicPath } from "./intrinsics.ts";
import type { Target } from "./wire.ts";

/** What to do with an instance of one of Node's own classes. */
export type HostPolicy =
  | { readonly kind: "ordinary" }
  | { readonly kind: "clone" }
  | { readonly kind: "refuse"; readonly name: string; readonly hint: string };

/** Looks along the prototype chain for the first class that is Node's rather than the language's or the program's. */
export function hostPolicy(value: object, to: Target, inMessage: boolean): HostPolicy {
  for (let p: object | null = Object.getPrototypeOf(value); p !== null; p = Object.getPrototypeOf(p)) {
    const name = hostClass(p);
    if (name === undefined) continue;
    if (ORDINARY.has(name.cls)) return { kind: "ordinary" };
    if (inMessage && to === "thread" && TRANSFERABLE.has(name.cls)) return { kind: "clone" };
    if (CLONEABLE.has(name.cls)) {
      if (to === "thread") return { kind: "clone" };
      return {
        kind: "refuse",
        name: name.shown,
        hint: "send what it was made from, and make it again there",
      };
    }
    return { kind: "refuse", name: name.shown, hint: HINTS[name.cls] ?? OPEN_INSIDE };
  }
  return { kind: "ordinary" };
}

function hostClass(proto: object): { cls: string; shown: string } | undefined {
  const intrinsic = intrinsicPath(proto);
  if (intrinsic !== undefined) {
    const [cls] = intrinsic as [string];
    return LANGUAGE.test(cls) ? undefined : { cls, shown: cls };
  }
  const builtin = builtinPath(proto);
  if (builtin === undefined) return undefined;
  const cls = builtin.path.at(-2) ?? builtin.module;
  return { cls, shown: `${cls} (node:${builtin.module.replace(/^node:/, "")})` };
}

const OPEN_INSIDE =
  "open or create it inside the function or in an `initializer`; capture the path, port or options instead of the handle";

const HINTS: Record<string, string> = {
  MessagePort: "give it to the task as an argument and name it in `transfer`",
  AbortController: "use the task's `signal` option to cancel from outside",
  AbortSignal: "use the task's `signal` option to cancel from outside",
  Performance: "use the global `performance` inside the function",
};

/** Classes of the language; what else is global is Node's. */
const LANGUAGE =
  /^(%.*|Object|Function|Array|Map|Set|WeakMap|WeakSet|Date|RegExp|.*Error|ArrayBuffer|SharedArrayBuffer|.*Array|DataView|Number|String|Boolean|BigInt|Symbol|Promise|Iterator|WeakRef|Proxy|Buffer|URL|URLSearchParams)$/;

/** Written in JavaScript with all their state in properties, or known to the encoder. */
const ORDINARY = new Set([
  "EventEmitter",
  "events",
  "AssertionError",
  "Url",
  "Buffer",
  "URL",
  "URLSearchParams",
]);

/** Structured clone takes them to a thread when the caller names them in `transfer`. */
const TRANSFERABLE = new Set([
  "MessagePort",
  "FileHandle",
  "ReadableStream",
  "WritableStream",
  "TransformStream",
]);

/** Structured clone takes them to a thread. */
const CLONEABLE = new Set([
  "Blob",
  "File",
  "BlockList",
  "SocketAddress",
  "CryptoKey",
  "KeyObject",
  "PublicKeyObject",
  "PrivateKeyObject",
  "SecretKeyObject",
  "X509Certificate",
  "DOMException",
]);
