import { createHash } from "node:crypto";
import type { RedisClient } from "./client.ts";

type ScriptArguments = readonly (string | number | Buffer)[];

/** A Lua script that Redis keeps by its hash; sent whole only where the server does not have it yet. */
export class Script {
  readonly #lua: string;
  readonly #sha: string;

  constructor(lua: string) {
    this.#lua = lua;
    this.#sha = createHash("sha1").update(lua).digest("hex");
  }

  run(client: RedisClient, keys: readonly string[], args: ScriptArguments): Promise<unknown> {
    return client
      .evalsha(this.#sha, keys.length, ...keys, ...args)
      .catch(unlessMissing(() => client.eval(this.#lua, keys.length, ...keys, ...args)));
  }

  /** As `run`, with texts as the bytes they are. */
  runBytes(client: RedisClient, keys: readonly string[], args: ScriptArguments): Promise<unknown> {
    return client
      .callBuffer("EVALSHA", this.#sha, keys.length, ...keys, ...args)
      .catch(unlessMissing(() => client.callBuffer("EVAL", this.#lua, keys.length, ...keys, ...args)));
  }
}

function unlessMissing(retry: () => Promise<unknown>): (error: unknown) => Promise<unknown> {
  return (error) => {
    if (!String(error).includes("NOSCRIPT")) throw error;
    return retry();
  };
}
