import { UsageError } from "../../core/index.ts";
import type { Command } from "../command.ts";

type Run = (args: readonly string[]) => Promise<number>;

/** Each subcommand lives in a file of its own under celery/ and is loaded on use. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Run>>> = {
  worker: async () => (await import("./celery/worker.ts")).worker,
  beat: async () => (await import("./celery/beat.ts")).beat,
  inspect: async () => (await import("./celery/remote.ts")).inspect,
  control: async () => (await import("./celery/remote.ts")).control,
  status: async () => (await import("./celery/remote.ts")).status,
  events: async () => (await import("./celery/events.ts")).events,
  call: async () => (await import("./celery/call.ts")).call,
  result: async () => (await import("./celery/call.ts")).result,
  purge: async () => (await import("./celery/purge.ts")).purge,
};

const help = `usage: spool celery SUBCOMMAND -A APP.ts[#EXPORT] [OPTIONS]

  worker             run tasks: -c N (at once), -Q a,b (queues), -P loop|threads|processes|solo (pool),
                     -n NAME (node name), -E (send events), -l info (log level), --autoscale MAX,MIN,
                     --max-tasks-per-child N, --max-memory-per-child KIB, --prefetch-multiplier N,
                     --soft-shutdown-timeout S, --shutdown-timeout S, -S, --statedb FILE (revoked ids outlive it),
                     --without-heartbeat, --without-gossip (no elections), --without-mingle (starts a second sooner)
  beat               send the tasks of the app's beatSchedule when they are due
  inspect COMMAND    ask workers: ping active reserved scheduled revoked registered stats conf
                     active_queues query_task report clock
  control COMMAND    tell workers: revoke ID..., terminate SIGNAL ID..., rate_limit TASK RATE, time_limit TASK SOFT HARD,
                     pool_grow N, pool_shrink N, autoscale MAX MIN, add_consumer QUEUE, cancel_consumer QUEUE,
                     enable_events, disable_events, shutdown
                     for both: -d NODE,NODE (destination), -t S (timeout, default 1)
  status             list the workers that answer
  events             print events as they come
  call TASK          send a task: -a '[1, 2]' (args), -k '{"x": 1}' (kwargs), --countdown S, --eta ISO, --expires S,
                     -Q QUEUE, --wait (and print its value)
  result ID          print a task's state and value
  purge              drop waiting messages: -Q a,b (queues), -f (do not ask)

Without -A: -b URL (broker), --result-backend URL. --json prints JSON, one line for each answer or event.

  spool celery worker -A app.ts -c 4 -Q a,b -l info -E
  spool celery call proj.add -A app.ts -a '[1, 2]' --wait`;

export const command: Command = {
  summary: "Celery: run workers, ask and control them, send tasks",
  help,
  async run([name, ...args]) {
    const load = name !== undefined && Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
    if (load === undefined) {
      const given = name === undefined ? "a subcommand is missing" : `there is no subcommand "${name}"`;
      throw new UsageError(`${given}: ${Object.keys(SUBCOMMANDS).join(", ")}`);
    }
    return (await load())(args);
  },
};
