import { SerializationError } from "../../core/index.ts";
import { encodeError, revive, unpackArguments } from "../../closures/index.ts";
import { BatchChannel, type Send, unbatch } from "../batch-channel.ts";
import { Op, type WorkerSetup } from "../protocol.ts";
import type { AnyFunction } from "./functions.ts";
import { Runner } from "./runner.ts";

/** What the entry files give: the way out, the exact count of started tasks where there is one, and the end. */
export interface Host {
  readonly to: "thread" | "process";
  readonly send: Send;
  readonly listen: (receive: (batch: readonly unknown[]) => void) => void;
  readonly claim: (() => boolean) | undefined;
  readonly resume: (() => void) | undefined;
  readonly close: () => void;
}

/** The life of a worker: say hello, be set up, run tasks until told to close. */
export function serve(host: Host): void {
  const channel: BatchChannel = new BatchChannel(host.send, (op, id, error) => {
    if (op !== Op.RESULT && op !== Op.CHUNK && op !== Op.ITEM) return;
    const message = `The task's result cannot be sent back: ${(error as Error).message}`;
    channel.post(Op.FAILED, id, encodeError(new SerializationError(message, { cause: error })));
    channel.flush();
  });
  let runner: Runner | undefined;
  host.listen((batch) => {
    if (runner !== undefined) {
      unbatch(batch, (op, id, a, b) => runner!.receive(op, id, a, b));
      runner.drain();
    } else {
      void setUp(batch[2] as WorkerSetup, host, channel).then((ready) => (runner = ready));
    }
  });
  channel.post(Op.HELLO, 0);
  channel.flush();
  // Results that wait for company must not be lost when a task ends the worker.
  process.on("exit", () => channel.flush());
}

async function setUp(setup: WorkerSetup, host: Host, channel: BatchChannel): Promise<Runner | undefined> {
  try {
    if (setup.initializer !== undefined) {
      const initializer = await revive(setup.initializer);
      await (initializer as AnyFunction)(...(await unpackArguments(setup.initArgs)));
    }
    const restoreContext = setup.restoreContext && ((await revive(setup.restoreContext)) as AnyFunction);
    channel.post(Op.READY, 0);
    channel.flush();
    return new Runner({
      to: host.to,
      channel,
      concurrency: setup.concurrency,
      claim: host.claim,
      resume: host.resume,
      restoreContext,
      close: host.close,
    });
  } catch (error) {
    channel.post(Op.INIT_FAILED, 0, encodeError(error));
    channel.flush();
    return undefined;
  }
}
