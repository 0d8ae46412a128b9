/** One DevTools command. */
export interface Command {
  readonly method: string;
  readonly params?: Record<string, unknown>;
}

/**
 * A sequence of DevTools commands that yields each and is given its reply: written once, run over a session that
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
  while (step.done !== true) step = script.next(postAtOnce(session, step.value) as never);
  return step.value;
}

/** Anything that takes DevTools commands for one thread and answers in its own time. */
export interface Commands {
  send<R>(method: string, params?: Record<string, unknown>): Promise<R>;
}

export async function runOver<R>(script: Script<R>, thread: Commands): Promise<R> {
  let step = script.next();
  while (step.done !== true)
    step = script.next((await thread.send(step.value.method, step.value.params)) as never);
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

function postAtOnce(session: PlainSession, { method, params }: Command): unknown {
  let outcome: { error: Error | null; reply: object | undefined } | undefined;
  session.post(method, params, (error, reply) => {
    outcome = { error, reply };
  });
  if (outcome === undefined) throw new Error(`${method} did not answer at once`);
  if (outcome.error !== null) throw new Error(`${method}: ${outcome.error.message}`);
  return outcome.reply;
}
