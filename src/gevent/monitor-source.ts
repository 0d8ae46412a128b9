/** A frame of the blocked loop's stack, as the thread sends it. */
interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type MonitorMessage =
  | { readonly type: "ready" }
  | { readonly type: "blocked"; readonly seconds: number; readonly stack: readonly Frame[] };

/**
 * The monitor's thread. It wakes now and then to see whether the loop's counter has moved.
 * The debugger is on only from the moment the loop is found late until its stack was read: while it is on, code runs
 * slower. Plain JavaScript as text, so that it starts without a loader and finds no file of ours.
 */
export const MONITOR_SOURCE: string = `
const { parentPort, workerData } = require("node:worker_threads");
const { Session } = require("node:inspector");
const { writeSync } = require("node:fs");
const { shared, thresholdMs, live, own } = workerData;
const BEATS = 0, STOP = 1, FRAMES = 12;
const session = new Session();
session.connectToMainThread();
const urls = new Map();
let since = 0, asking = false, enabled = false;

session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
session.on("Debugger.paused", ({ params }) => {
  const stack = params.callFrames
    .map(({ functionName, url, location }) => ({
      name: functionName || "(anonymous)",
      file: (url || urls.get(location.scriptId) || "").replace(/^file:\\/\\//, ""),
      line: location.lineNumber + 1,
      column: location.columnNumber + 1,
    }))
    .filter(({ file }) => file !== "" && !file.startsWith("node:") && !file.startsWith(own))
    .slice(0, FRAMES);
  const seconds = (performance.now() - since) / 1000;
  session.post("Debugger.resume");
  session.post("Debugger.disable");
  enabled = false;
  if (stack.length === 0 || !asking) return;
  asking = false;
  if (live) {
    const text = stack.map((f) => f.name + " (" + f.file + ":" + f.line + ")").join(" < ");
    writeSync(2, "spool: loop blocked >= " + Math.round(seconds * 1000) + " ms at " + text + "\\n");
  }
  parentPort.postMessage({ type: "blocked", seconds, stack });
});

function ask() {
  asking = enabled = true;
  session.post("Debugger.enable");
  session.post("Debugger.pause");
}

let seen = Atomics.load(shared, BEATS);
since = performance.now();
let reported = false;
const look = () => {
  if (Atomics.load(shared, STOP) === 1) {
    session.disconnect();
    parentPort.close();
    clearInterval(timer);
    return;
  }
  const beats = Atomics.load(shared, BEATS);
  if (beats !== seen) {
    seen = beats;
    since = performance.now();
    reported = false;
    if (enabled) {
      session.post("Debugger.disable");
      enabled = asking = false;
    }
  } else if (!reported && performance.now() - since >= thresholdMs) {
    reported = true;
    ask();
  }
};
const timer = setInterval(look, Math.max(1, thresholdMs / 4));
parentPort.postMessage({ type: "ready" });
`;
