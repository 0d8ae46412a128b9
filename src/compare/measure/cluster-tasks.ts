import { Celery, type Settings, type Task } from "../../celery/index.ts";
import { type Entry, type Sample, probeExport } from "./probe.ts";

/** The task that a comparison sends over a broker: the probe, for a function that its module's name and URL say. */
type ClusterProbe = Task<[entry: Entry, url: string, name: string], Promise<Sample>>;

export interface ClusterApp {
  readonly app: Celery;
  readonly probe: ClusterProbe;
}

const APP = "spool-compare";

export function clusterApp(settings: Partial<Settings> = {}): ClusterApp {
  const app = new Celery(APP, { include: [import.meta.url], ...settings });
  return { app, probe: app.task(`${APP}.probe`, probeExport) };
}

/** @public The children of the worker's pool import this module, and find the app and its task by name. */
export const inChild: ClusterApp = clusterApp();
