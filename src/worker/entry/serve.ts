import { SerializationError } from "../../core/index.ts";
import { answering, revive, unpackArguments } from "../../closures/index.ts";
import type { Send } from "../batch-channel.ts";
import { Inbox } from "../inbox.ts";
import { Outbox } from "../outbox.ts";
import { inherit } from "../heirlooms.ts";
import { Op, type WorkerStart } from "../protocol.ts";
import { type RingPairState, workerEnds } from "../ring.ts";
import type { StartCount } from "../start-count.ts";
import { setIdle } from "../loading.ts";
import type { AnyFunction } from "./functions.ts";
import { Runner } from "./runner.ts";

/** What the entry files give: the way out, the count of started tasks, and the end. */
export interface Host {
  readonly to: "thread" | "process";
  readonly send: Send;
  readonly listen: (receive: (batch: readonly unknown[]) => void) => void;
  /** Memory of the rings, where it is there from the start. */
  readonly rings: RingPairState | undefined;
  /** Called when memory has been attached later. */
  readonly attached?: (starts: StartCount) => void;
  readonly claim: () => boolean;
  readonly resume: () => void;
  readonly announces: () => boolean;
  readonly close: () => void;
}

/** The life of a worker: be set up, say so, run tasks until told to close. */
export function serve(host: Host): void {
  const outbox: Outbox = new Outbox(host.send, (op, id, error) => {
    if (op !== Op.RESULT && op !== Op.CHUNK && op !== Op.ITEM) return;
    const message = `The task's result cannot be sent back: ${(error as Error).message}`;
    const failed = new SerializationError(message, { cause: error });
    void Promise.resolve(answering.loadEncoder()).then(() => {
      outbox.post(Op.FAILED, id, answering.encodeError(failed));
      outbox.flush();
    });
  });
  let runner: Runner | undefined;
  /** Functions that came while the initializer ran. */
  const early: Parameters<Runner["receive"]>[] = [];
  const inbox: Inbox = new Inbox({
    receive: (op, id, a, b) => {
      if (op === Op.ATTACH) takeMemory(a as RingPairState);
      else if (runner !== undefined) runner.receive(op, id, a, b);
      else if (op !== Op.INIT) early.push([op, id, a, b]);
      else
        void setUp(a as WorkerStart, host, outbox).then((ready) => {
          runner = ready;
          for (const record of early.splice(0)) ready?.receive(...record);
        });
    },
    after: () => runner?.drain(),
  });
  const takeMemory = (rings: RingPairState): void => {
    const starts = attach(rings, inbox, outbox);
    if (starts !== undefined) host.attached?.(starts);
    outbox.post(Op.ATTACHED, 0, starts !== undefined);
  };
  setIdle(() => !runner?.hasBegun);
  if (host.rings !== undefined) attach(host.rings, inbox, outbox);
  host.listen((batch) => inbox.message(batch));
  // Results that wait for company must not be lost when a task ends the worker.
  process.on("exit", () => outbox.flush());
}

/** Undefined when the memory cannot be had here. */
function attach(state: RingPairState, inbox: Inbox, outbox: Outbox): StartCount | undefined {
  try {
    const { reader, writer, starts } = workerEnds(state);
    inbox.attach(reader);
    outbox.attach(writer);
    return starts;
  } catch {
    return undefined;
  }
}

async function setUp(setup: WorkerStart, host: Host, channel: Outbox): Promise<Runner | undefined> {
  inherit(setup.heirlooms);
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
      announces: host.announces,
      restoreContext,
      close: host.close,
    });
  } catch (error) {
    await answering.loadEncoder();
    channel.post(Op.INIT_FAILED, 0, answering.encodeError(error));
    channel.flush();
    return undefined;
  }
}
