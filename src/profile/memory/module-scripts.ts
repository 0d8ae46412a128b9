import Module from "node:module";

/** The file that each of V8's scripts was compiled from, by script id. */
export type ScriptFiles = readonly (readonly [scriptId: string, path: string])[];

type Compile = (this: unknown, content: string, path: string, ...more: unknown[]) => unknown;

const loader = Module.prototype as unknown as { _compile: Compile };

/**
 * Notes which CommonJS module becomes which of V8's scripts. V8 knows where a function is for as long as one function
 * of its script is alive: a module that builds a table and exports nothing else is forgotten at the next collection,
 * and with it who allocated the table. (ES modules stay, their functions with them.)
 *
 * V8 numbers scripts in order, so a module's is the one after what was compiled just before it: `lastScript` compiles
 * something and gives its number. V8's debugger would tell as well, but makes every `await` several times slower.
 */
export class ModuleScripts {
  readonly #found = new Map<string, string>();
  readonly #before: Compile = loader._compile;
  readonly #wrapped: Compile;
  #over = false;

  constructor(lastScript: () => number | undefined) {
    const before = this.#before;
    const note = (path: string): void => {
      const last = this.#over ? undefined : lastScript();
      if (last !== undefined) this.#found.set(`${last + 1}`, path);
    };
    this.#wrapped = function compileNoted(content, path, ...more) {
      note(path);
      return Reflect.apply(before, this, [content, path, ...more]);
    };
    loader._compile = this.#wrapped;
  }

  get files(): ScriptFiles {
    return [...this.#found];
  }

  /** Notes no more and takes itself out; where somebody has wrapped the loader after it, it only passes on. */
  stop(): void {
    this.#over = true;
    if (loader._compile === this.#wrapped) loader._compile = this.#before;
  }
}
