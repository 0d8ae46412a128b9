"use strict";
// A program to be profiled; its first argument says what it does. It says "ready" when it is about to do that.
// Runs on every Node from 20 on. Over IPC it answers what it holds open, and gives its counted truth.
const { execSync } = require("node:child_process");
const { Worker, isMainThread, workerData, parentPort } = require("node:worker_threads");

function ready() {
  process.stdout.write("ready\n");
}

function spin() {
  for (;;);
}

function waitHere() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Nanoseconds; `calm`: of turns in which the thread did not lose its processor, so that they are processor time. */
const truth = { hot: 0, cold: 0, calmHot: 0, calmCold: 0 };
let shortest = Infinity;

function hot() {
  let sum = 0;
  for (let i = 0; i < 300000; i++) {
    sum = (sum * 31 + i) | 0;
  }
  return sum;
}

function cold() {
  let sum = 0;
  for (let i = 0; i < 100000; i++) {
    sum = (sum * 17 + i) | 0;
  }
  return sum;
}

function share() {
  const a = process.hrtime.bigint();
  hot();
  const b = process.hrtime.bigint();
  cold();
  const c = process.hrtime.bigint();
  truth.hot += Number(b - a);
  truth.cold += Number(c - b);
  shortest = Math.min(shortest, Number(c - a));
  if (Number(c - a) > 1.5 * shortest) return;
  truth.calmHot += Number(b - a);
  truth.calmCold += Number(c - b);
}

function add(part, more) {
  for (const key of Object.keys(truth)) part[key] += more[key];
}

function shares() {
  const end = Date.now() + 20;
  while (Date.now() < end) share();
  setImmediate(shares);
}

function held() {
  return {
    handles: process.getActiveResourcesInfo().sort(),
    listeners: process
      .eventNames()
      .map((name) => `${String(name)}:${process.listenerCount(name)}`)
      .sort(),
    globals: Object.getOwnPropertyNames(globalThis).sort(),
    debugPort: process.debugPort,
  };
}

/** Bytes that are held when the garbage is gone (needs --expose-gc). */
function memory() {
  globalThis.gc();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { held: heapUsed + external + arrayBuffers, resident: rss };
}

let signals = 0;
let online = 0;
/** What each worker thread has counted, by its name, and each child process, by its PID. */
const parts = {};
const children = [];

function answerTruth() {
  process.send({ ...truth, signals, online, parts });
}

/** Children count for themselves, so they are asked first. */
function askChildren() {
  let missing = children.length;
  for (const child of children) {
    child.once("message", ({ hot, cold, calmHot, calmCold }) => {
      parts[child.pid] = { hot, cold, calmHot, calmCold };
      if (--missing === 0) answerTruth();
    });
    child.send("truth");
  }
}

const modes = {
  idle() {
    setInterval(() => {}, 1000);
  },
  shares,
  forever: spin,
  regex() {
    /^(a+)+$/.test("a".repeat(60) + "b");
  },
  atomics: waitHere,
  execsync() {
    execSync("sleep 7");
    setInterval(() => {}, 1000);
  },
  trapped() {
    setInterval(() => {}, 1000);
  },
  workers() {
    for (const name of ["alpha", "beta", "gamma"]) {
      const worker = new Worker(__filename, { name, workerData: "shares" });
      worker.on("online", () => online++);
      worker.on("message", (part) => {
        add(truth, part);
        add((parts[name] ??= { hot: 0, cold: 0, calmHot: 0, calmCold: 0 }), part);
        parts[name].exitListeners = part.exitListeners;
      });
    }
  },
  children() {
    const { fork } = require("node:child_process");
    for (let i = 0; i < 3; i++) {
      const execArgv = process.execArgv.filter((flag) => !flag.startsWith("--inspect"));
      children.push(fork(__filename, ["shares"], { execArgv }));
    }
    setInterval(() => {}, 1000);
  },
  exit() {
    const end = Date.now() + 400;
    while (Date.now() < end) share();
    process.exit(7);
  },
  stalls() {
    const block = () => {
      const end = Date.now() + 120;
      while (Date.now() < end) hot();
    };
    setInterval(block, 300);
  },
};

process.on("message", (question) => {
  if (question === "held") process.send(held());
  if (question === "truth" && children.length > 0) askChildren();
  else if (question === "truth") answerTruth();
  if (question === "memory") process.send(memory());
  if (question === "exit") process.exit(5);
  if (question === "work and exit") modes.exit();
});
process.on("disconnect", () => process.exit());

if (isMainThread) {
  if (process.argv[2] === "trapped") process.on("SIGUSR1", () => signals++);
  ready();
  setTimeout(() => modes[process.argv[2]](), 50);
} else {
  modes[workerData]();
  setInterval(() => {
    parentPort.postMessage({ ...truth, exitListeners: process.listenerCount("exit") });
    for (const key of Object.keys(truth)) truth[key] = 0;
  }, 50);
}
