/** One DevTools command. */
interface Command {
  readonly method: string;
  readonly params?: Record<string, unknown>;
}

/**
 * A sequence of DevTools commands that yields each and is given its reply, or thrown its failure: written once, run over a session that
 * answers at once (a thread asking itself, also while it exits) or later.
 */
export type Script<R> = Generator<Command, R, never>;

type Callback = (error: Error | null, reply?: object) => void;

/** The face of node:inspector's Session that is used here. */
export interface PlainSession {
  post(method: string, params: Record<string, unknown> | undefined, callback: Callback): void;
}

/** Runs a script over a session of this very thread, whose replies come before `post` returns. */
export function runAtOnce<R>(script: Script<R>, session: PlainSession): R {
  let step = script.next();
  while (step.done !== true) {
    const outcome = postAtOnce(session, step.value);
    step = outcome.error === null ? script.next(outcome.reply as never) : script.throw(outcome.error);
  }
  return step.value;
}

/** Anything that takes DevTools commands for one thread and answers in its own time. */
export interface Commands {
  send<R>(method: string, params?: Record<string, unknown>): Promise<R>;
}

export async function runOver<R>(script: Script<R>, thread: Commands): Promise<R> {
  let step = script.next();
  while (step.done !== true) {
    const { method, params } = step.value;
    const outcome = await thread.send(method, params).then(
      (reply) => ({ reply, error: null }),
      (error: unknown) => ({ reply: undefined, error }),
    );
    step = outcome.error === null ? script.next(outcome.reply as never) : script.throw(outcome.error);
  }
  return step.value;
}

/** A node:inspector session as promises. */
export function commandsOf(session: PlainSession): Commands {
  return {
    send: <R>(method: string, params?: Record<string, unknown>) =>
      new Promise<R>((resolve, reject) => {
        session.post(method, params, (error, reply) =>
          error === null ? resolve(reply as R) : reject(new Error(`${method}: ${error.message}`)),
        );
      }),
  };
}

interface Outcome {
  readonly error: Error | null;
  readonly reply: object | undefined;
}

function postAtOnce(session: PlainSession, { method, params }: Command): Outcome {
  let outcome: Outcome = { error: new Error("there was no answer"), reply: undefined };
  session.post(method, params, (error, reply) => {
    outcome = { error, reply };
  });
  if (outcome.error === null) return outcome;
  return { error: new Error(`${method}: ${outcome.error.message}`), reply: undefined };
}
