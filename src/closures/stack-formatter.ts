import { mainGlobal } from "./realm.ts";

/**
 * Test runners and TypeScript loaders keep source maps to themselves and put a formatter at
 * `Error.prepareStackTrace`. Asked to format a stack of one made-up frame, it tells where that place comes from.
 */
export function formattedPlace(script: string, line: number, column: number): string | undefined {
  const { Error: MainError } = (mainGlobal() ?? {}) as { Error?: Formatting };
  const format = (Error as Formatting).prepareStackTrace ?? MainError?.prepareStackTrace;
  if (typeof format !== "function") return undefined;
  try {
    const text = String(format(new Error(""), [new Frame(script, line, column)]));
    const [, place] = /((?:file:\/\/|\/)[^\s()]*?:\d+:\d+)/.exec(text) ?? [];
    return place;
  } catch {
    return undefined;
  }
}

interface Formatting {
  readonly prepareStackTrace?: (error: Error, frames: unknown[]) => unknown;
}

/** Formatters copy a frame's methods from its prototype, so they are methods here. */
class Frame {
  readonly #script: string;
  readonly #line: number;
  readonly #column: number;

  constructor(script: string, line: number, column: number) {
    this.#script = script;
    this.#line = line;
    this.#column = column;
  }

  getFileName(): string {
    return this.#script;
  }
  getScriptNameOrSourceURL(): string {
    return this.#script;
  }
  getLineNumber(): number {
    return this.#line;
  }
  getColumnNumber(): number {
    return this.#column;
  }
  getFunctionName(): string {
    return "shipped";
  }
  getTypeName(): null {
    return null;
  }
  getMethodName(): null {
    return null;
  }
  getEvalOrigin(): undefined {
    return undefined;
  }
  getThis(): undefined {
    return undefined;
  }
  getPromiseIndex(): null {
    return null;
  }
  isNative(): boolean {
    return false;
  }
  isToplevel(): boolean {
    return true;
  }
  isEval(): boolean {
    return false;
  }
  isConstructor(): boolean {
    return false;
  }
  isAsync(): boolean {
    return false;
  }
  isPromiseAll(): boolean {
    return false;
  }
  toString(): string {
    return `shipped (${this.#script}:${this.#line}:${this.#column})`;
  }
}
