import type { Session } from "node:inspector";
import { CaptureError } from "../core/index.ts";

/** One scope of a function as V8 keeps it: `object[name]` reads the live value, and throws before initialisation. */
export interface LiveScope {
  /** Module, Closure, Block, Catch, Class, Script, Global, ... */
  readonly type: string;
  readonly variables: Record<string, unknown>;
}

export interface Located {
  readonly scriptId: string;
  readonly line: number;
  readonly column: number;
  /** Innermost first. */
  readonly scopes: readonly LiveScope[];
}

export interface ScriptSource {
  readonly id: string;
  readonly url: string;
  readonly text: string;
  readonly startLine: number;
  readonly startColumn: number;
}

/**
 * V8's own knowledge of a function, through an inspector session to this very thread, whose answers come
 * synchronously. Connected on first use and closed after each capture: a session left open keeps every argument
 * of console.log alive. `Debugger` is enabled only for single questions, since it slows the whole thread down.
 */
export class Probe {
  #session: Session | undefined;
  #stashId: string | undefined;

  locate(fn: Function): Located {
    const internals = this.#internals(fn);
    const location = internals.get("[[FunctionLocation]]")?.value as ScriptLocation | undefined;
    const scopes = internals.get("[[Scopes]]")?.objectId;
    if (location === undefined || scopes === undefined) throw new Error("V8 gives no location");
    return {
      scriptId: location.scriptId,
      line: location.lineNumber,
      column: location.columnNumber ?? 0,
      scopes: listed(this.#live(scopes)).map((entry) => {
        const { description, object } = entry as { description: string; object: Record<string, unknown> };
        return { type: description.split(" ")[0]!, variables: object };
      }),
    };
  }

  /** What a bound function is made of. */
  bound(fn: Function): { target: Function; receiver: unknown; args: unknown[] } {
    const internals = this.#internals(fn);
    const part = (name: string): unknown => {
      const object = internals.get(name);
      return object?.objectId === undefined ? object?.value : this.#live(object.objectId);
    };
    return {
      target: part("[[TargetFunction]]") as Function,
      receiver: part("[[BoundThis]]"),
      args: listed(part("[[BoundArgs]]")),
    };
  }

  /** The entries of a WeakMap, or of a WeakSet (as keys with no value), that are alive now. */
  entries(weak: object): [object, unknown][] {
    const id = this.#internals(weak).get("[[Entries]]")?.objectId;
    if (id === undefined) return [];
    return listed(this.#live(id)).map((entry) => {
      const { key, value } = entry as { key?: object; value: unknown };
      return key === undefined ? [value as object, undefined] : [key, value];
    });
  }

  /** Where V8 got a script from, and its text as it runs. Walks the heap: for scripts the stack does not name. */
  source(scriptId: string): ScriptSource | undefined {
    const session = this.#open();
    let found: ScriptParsed | undefined;
    const listen = ({ params }: { params: ScriptParsed }): void => {
      if (params.scriptId === scriptId) found = params;
    };
    session.on("Debugger.scriptParsed", listen as never);
    try {
      this.#post("Debugger.enable");
      if (found === undefined) return undefined;
      const { scriptSource } = this.#post<{ scriptSource: string }>("Debugger.getScriptSource", { scriptId });
      const { url, startLine, startColumn } = found;
      return { id: scriptId, url, text: scriptSource, startLine, startColumn };
    } finally {
      this.#post("Debugger.disable");
      session.removeListener("Debugger.scriptParsed", listen as never);
    }
  }

  /**
   * `this` of the innermost frame on the stack that `accept` recognises by the place where its function begins:
   * stops this thread for a moment, as a breakpoint does, and looks. Undefined when no frame fits.
   */
  receiver(accept: (place: ScriptLocation) => boolean): { value: unknown } | undefined {
    const session = this.#open();
    let found: { value: unknown } | undefined;
    const paused = ({ params }: { params: { callFrames: CallFrame[] } }): void => {
      const frame = params.callFrames.find((f) => f.functionLocation && accept(f.functionLocation));
      if (frame !== undefined) {
        const { objectId, value } = frame.this;
        found = { value: objectId === undefined ? value : this.#live(objectId) };
      }
      this.#post("Debugger.resume");
    };
    session.on("Debugger.paused", paused as never);
    try {
      this.#post("Debugger.enable");
      // oxlint-disable-next-line no-debugger
      debugger;
      return found;
    } finally {
      this.#post("Debugger.disable");
      session.removeListener("Debugger.paused", paused as never);
    }
  }

  close(): void {
    this.#session?.disconnect();
    this.#session = undefined;
    this.#stashId = undefined;
  }

  #internals(value: object): Map<string, RemoteObject> {
    this.#open();
    stash.value = value;
    const objectId = this.#evaluate(`${STASH}.value`);
    stash.value = undefined;
    const { internalProperties = [] } = this.#post<{ internalProperties?: InternalProperty[] }>(
      "Runtime.getProperties",
      { objectId, ownProperties: true },
    );
    return new Map(internalProperties.map((p) => [p.name, p.value ?? {}]));
  }

  /** The value itself behind a remote handle, which may belong to another vm context than Node's own. */
  #live(objectId: string): unknown {
    const fill = "function (value) { this.value = value; }";
    const given = this.#try("Runtime.callFunctionOn", {
      objectId: (this.#stashId ??= this.#evaluate(STASH)),
      functionDeclaration: fill,
      arguments: [{ objectId }],
    });
    if (!given)
      this.#post("Runtime.callFunctionOn", {
        objectId,
        functionDeclaration: `function () { globalThis[Symbol.for("${STASH_NAME}")].value = this; }`,
      });
    const { value } = stash;
    stash.value = undefined;
    return value;
  }

  #try(method: string, params: object): boolean {
    let ok = false;
    (this.#session!.post as Post)(method, params, (error) => (ok = error === null));
    return ok;
  }

  #evaluate(expression: string): string | undefined {
    return this.#post<{ result: RemoteObject }>("Runtime.evaluate", { expression }).result.objectId;
  }

  #open(): Session {
    if (this.#session !== undefined) return this.#session;
    const inspector = loadInspector();
    try {
      const session = new inspector.Session();
      session.connect();
      this.#session = session;
      for (const holder of [inspector, globalThis])
        Object.defineProperty(holder, STASH_KEY, { value: stash, configurable: true });
      return session;
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  #post<R>(method: string, params?: object): R {
    let answer: R | undefined;
    let failure: { message?: string } | null = null;
    const session = this.#session!;
    (session.post as Post)(method, params, (error, result) => {
      failure = error;
      answer = result as R;
    });
    if (failure !== null) throw unavailable(failure);
    if (answer === undefined) throw unavailable(new Error(`${method} did not answer synchronously`));
    return answer;
  }
}

/** The inspector when it may be used here at all. */
export function debuggerAttached(): boolean {
  return loadInspector().url() !== undefined;
}

function loadInspector(): typeof import("node:inspector") {
  try {
    return process.getBuiltinModule("node:inspector");
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause: unknown): CaptureError {
  const reason = (cause as { message?: string }).message ?? String(cause);
  const hint =
    'name the function instead, with ref(import.meta.url, "name"), or allow the inspector (--allow-inspector under --permission)';
  return new CaptureError(
    `Closures cannot be captured here, because V8's inspector is not available (${reason}); ${hint}`,
    { code: "CAPTURE_INSPECTOR", hint, cause },
  );
}

/** V8 gives internal lists without a prototype. */
function listed(list: unknown): unknown[] {
  return Array.from(list as ArrayLike<unknown>);
}

/** Values change hands through a field that both this code and code run by the inspector can reach, in any realm. */
const stash: { value: unknown } = { value: undefined };
const STASH_NAME = "spool.closures.stash";
const STASH_KEY = Symbol.for(STASH_NAME);
const STASH = `process.getBuiltinModule("node:inspector")[Symbol.for("${STASH_NAME}")]`;

type Post = (method: string, params: object | undefined, done: (e: Error | null, r: unknown) => void) => void;

interface ScriptLocation {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber?: number;
}

interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
}

interface InternalProperty {
  readonly name: string;
  readonly value?: RemoteObject;
}

interface ScriptParsed {
  readonly scriptId: string;
  readonly url: string;
  readonly startLine: number;
  readonly startColumn: number;
}

interface CallFrame {
  readonly functionLocation?: ScriptLocation;
  readonly this: RemoteObject;
}
