import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { type WaitOptions, onAbort } from "../core/index.ts";
import { gather } from "./gather.ts";
import { currentScope } from "./scope.ts";
import { shield } from "./shield.ts";
import { DEFAULT_LIMIT, StreamReader } from "./streams/stream-reader.ts";
import { StreamWriter } from "./streams/stream-writer.ts";
import { Waiter, WaiterQueue } from "./waiter.ts";

/** A stream to the child; `DEVNULL`: none; leaving it out: the parent's own. */
export const PIPE = "pipe";
export const DEVNULL = "ignore";

export interface SubprocessOptions {
  readonly stdin?: typeof PIPE | typeof DEVNULL | undefined;
  readonly stdout?: typeof PIPE | typeof DEVNULL | undefined;
  readonly stderr?: typeof PIPE | typeof DEVNULL | undefined;
  readonly cwd?: string | URL | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Most bytes in one line of the readers; default 64 KiB. */
  readonly limit?: number | undefined;
  /** Run on although the scope that started it is cancelled (default false: it is then sent SIGTERM). */
  readonly outlive?: boolean | undefined;
}

/**
 * Starts a program with its arguments, without a shell. It belongs to the scope that started it: cancelling that sends
 * it SIGTERM. `await using` ends it for sure. Throws what `spawn` failed with (ENOENT...).
 * Python: `asyncio.create_subprocess_exec`.
 */
export function createSubprocessExec(
  program: string,
  args: readonly string[] = [],
  options: SubprocessOptions = {},
): Promise<Subprocess> {
  return start(program, args, false, options);
}

/** Starts a line of shell. Never put foreign text into it. Python: `asyncio.create_subprocess_shell`. */
export function createSubprocessShell(line: string, options: SubprocessOptions = {}): Promise<Subprocess> {
  return start(line, [], true, options);
}

async function start(
  program: string,
  args: readonly string[],
  shell: boolean,
  options: SubprocessOptions,
): Promise<Subprocess> {
  currentScope().throwIfCancelled();
  const { stdin = "inherit", stdout = "inherit", stderr = "inherit" } = options;
  const child = spawn(program, args, {
    shell,
    stdio: [stdin, stdout, stderr],
    cwd: options.cwd,
    env: options.env,
  });
  if (child.pid === undefined) throw (await once(child, "error").catch((error: unknown) => [error]))[0];
  return new Subprocess(child, options);
}

/** A running program. Python: `asyncio.subprocess.Process`. */
export class Subprocess implements AsyncDisposable {
  readonly stdin: StreamWriter | null;
  readonly stdout: StreamReader | null;
  readonly stderr: StreamReader | null;
  readonly #child: ChildProcess;
  readonly #waiters = new WaiterQueue();
  #returncode: number | null = null;

  /** For `createSubprocessExec`. */
  constructor(child: ChildProcess, options: SubprocessOptions) {
    const limit = options.limit ?? DEFAULT_LIMIT;
    this.#child = child;
    this.stdin = child.stdin && new StreamWriter(child.stdin);
    this.stdout = child.stdout && new StreamReader(child.stdout, limit);
    this.stderr = child.stderr && new StreamReader(child.stderr, limit);
    const scopeSignal = options.outlive ? undefined : currentScope().signal;
    const unlink = onAbort(scopeSignal, () => this.terminate());
    child.once("exit", (code, signal) => {
      unlink();
      this.#returncode = signal === null ? code! : -(constants.signals[signal] ?? 0);
      this.#waiters.grantAll(undefined);
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The exit code; null while it runs; minus the signal's number if a signal ended it. */
  get returncode(): number | null {
    return this.#returncode;
  }

  /** Waits for the end and gives the return code. With pipes, read them too, or the child may block: `communicate`. */
  async wait(options?: WaitOptions): Promise<number> {
    while (this.#returncode === null) await new Waiter("Subprocess.wait", options).in(this.#waiters);
    return this.#returncode;
  }

  /** Writes `input`, reads both outputs to their end, waits. Empty buffers for what is not a pipe. */
  async communicate(
    input?: string | Uint8Array,
    options?: WaitOptions,
  ): Promise<[stdout: Buffer, stderr: Buffer]> {
    const [stdout, stderr] = await gather(
      [
        () => this.stdout?.read() ?? NOTHING,
        () => this.stderr?.read() ?? NOTHING,
        () => this.#feed(input),
        () => this.wait(),
      ],
      options,
    );
    return [stdout, stderr];
  }

  sendSignal(signal: NodeJS.Signals): void {
    if (this.#returncode === null) this.#child.kill(signal);
  }

  terminate(): void {
    this.sendSignal("SIGTERM");
  }

  kill(): void {
    this.sendSignal("SIGKILL");
  }

  /** Kills it if it still runs, and waits, even in a cancelled scope. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    this.stdin?.abort();
    await shield(() => this.wait());
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** A child that does not read its input to the end is no error of ours. */
  async #feed(input: string | Uint8Array | undefined): Promise<void> {
    if (this.stdin === null) return;
    if (input !== undefined) this.stdin.write(input);
    try {
      await this.stdin.drain();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    } finally {
      this.stdin.writeEof();
    }
  }
}

const NOTHING = Buffer.alloc(0);
