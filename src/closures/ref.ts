import { invalid } from "../core/index.ts";

const references = new WeakMap<Function, Reference>();

export interface Reference {
  readonly url: string;
  readonly name: string;
}

/**
 * Names the export `name` of a module as a task, without capturing anything: `ref(import.meta.url, "resize")`.
 * The worker imports the module, which should only define things, and calls the export; this side never loads it
 * through `ref`. The explicit way where closures cannot be captured (permission model, no inspector). Calling the
 * reference here imports the module and calls the export too. Costs nothing until used. Python: pickling a
 * module-level function.
 */
export function ref<F extends (...args: any[]) => any = (...args: any[]) => any>(
  url: string | URL,
  name: string,
): (...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>> {
  const href = String(url);
  if (!URL.canParse(href)) throw invalid("url", url, "a module's absolute URL, such as import.meta.url");
  if (typeof name !== "string" || name === "") throw invalid("name", name, "the name of an export");
  const reference = async (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> => {
    const exports = (await import(href)) as Record<string, F>;
    return (await exports[name]!(...args)) as Awaited<ReturnType<F>>;
  };
  Object.defineProperty(reference, "name", { value: name });
  references.set(reference, { url: href, name });
  return reference;
}

export function referenceOf(fn: Function): Reference | undefined {
  return references.get(fn);
}
