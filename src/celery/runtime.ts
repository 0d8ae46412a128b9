import { Connections } from "./connections.ts";
import type { TaskDefinition } from "./definition.ts";
import { LamportClock } from "./lamport.ts";
import type { ErrorFactory } from "./protocol/exceptions.ts";
import { Publisher } from "./publisher.ts";
import { Router } from "./router.ts";
import type { Settings } from "./settings.ts";

/** What tasks, results, canvas and workers of one app share. Users hold the `Celery` object that wraps it. */
export class Runtime {
  readonly name: string;
  readonly settings: Settings;
  readonly connections: Connections;
  readonly router: Router;
  readonly publisher: Publisher;
  readonly tasks: Map<string, TaskDefinition> = new Map();
  readonly errors: Map<string, ErrorFactory> = new Map();
  readonly lamport: LamportClock = new LamportClock();
  /** Set for `taskAlwaysEager`: runs a call here and now. */
  eager: ((call: EagerCall) => Promise<void>) | undefined;

  /** Tells all workers not to run a task; set once the app has a control. */
  revoke:
    | ((id: string, options: { readonly terminate?: boolean; readonly signal?: string }) => Promise<void>)
    | undefined;

  constructor(name: string, settings: Settings) {
    this.name = name;
    this.settings = settings;
    this.connections = new Connections(settings);
    this.router = new Router(settings);
    this.publisher = new Publisher(settings, this.connections);
  }

  async close(): Promise<void> {
    this.publisher.reset();
    await this.connections.close();
  }
}

type EagerCall = Parameters<Publisher["send"]>[0];
