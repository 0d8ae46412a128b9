import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Celery, type Settings } from "../../../celery/index.ts";
import { UsageError } from "../../../core/index.ts";

/** The options that every subcommand has, by Celery's names. */
export const APP_OPTIONS: {
  readonly app: { readonly type: "string"; readonly short: "A" };
  readonly broker: { readonly type: "string"; readonly short: "b" };
  readonly "result-backend": { readonly type: "string" };
  readonly json: { readonly type: "boolean" };
} = {
  app: { type: "string", short: "A" },
  broker: { type: "string", short: "b" },
  "result-backend": { type: "string" },
  json: { type: "boolean" },
};

interface AppValues {
  readonly app?: string | undefined;
  readonly broker?: string | undefined;
  readonly "result-backend"?: string | undefined;
}

/** The app that `-A FILE[#EXPORT]` names, or a bare one on `-b URL`. */
export async function openApp(values: AppValues): Promise<Celery> {
  const url = values.broker ?? process.env["CELERY_BROKER_URL"];
  if (values.app === undefined) {
    if (url === undefined) throw new UsageError("say which app with -A FILE (or which broker with -b URL)");
    const backend = values["result-backend"] ?? process.env["CELERY_RESULT_BACKEND"];
    return new Celery("spool", { broker: url, ...(backend === undefined ? {} : { backend }) });
  }
  const [file = "", name] = values.app.split("#");
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`there is no file ${path} (given as -A ${values.app})`);
  return find(await import(pathToFileURL(path).href), path, name, values);
}

function find(module: object, path: string, name: string | undefined, values: AppValues): Celery {
  const exports = module as Record<string, unknown>;
  const app =
    name === undefined
      ? [exports["app"], exports["default"], ...Object.values(exports)].find((one) => one instanceof Celery)
      : exports[name];
  if (!(app instanceof Celery))
    throw new UsageError(
      `${path} exports no Celery app${name === undefined ? "" : ` as ${name}`}; write \`export const app = new Celery(...)\``,
    );
  const backend = values["result-backend"];
  const overrides: Partial<Settings> = {
    ...(values.broker === undefined ? {} : { broker: values.broker }),
    ...(backend === undefined ? {} : { backend }),
  };
  return app.configure({
    include: [...new Set([...app.settings.include, pathToFileURL(path).href])],
    ...overrides,
  });
}

/** Values of options that take a list: `-Q a,b`. */
export function listOf(value: string | undefined): string[] | undefined {
  return value
    ?.split(",")
    .map((one) => one.trim())
    .filter(Boolean);
}
