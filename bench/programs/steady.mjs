// The work of allocating.mjs on request: a number over IPC is so many units; the answer is what each ten of them cost in
// CPU seconds, the main thread and the whole process. `{ interval }` (µs) starts V8's own sampler, `{}` stops it; the answer
// is its count of samples. Node 24 or later.
import { Session } from "node:inspector/promises";
import { setImmediate as turn } from "node:timers/promises";

const text = JSON.stringify(
  Array.from({ length: 100 }, (_, i) => ({ id: i, name: `name ${i}`, nested: { x: i, y: [i, i + 1] } })),
);

function unit(round) {
  let length = 0;
  for (let i = 0; i < 20; i++) {
    const rows = JSON.parse(text);
    for (const row of rows) row.name = `${row.name} in round ${round}`;
    const index = new Map(rows.map((row) => [row.name, row]));
    length += JSON.stringify([...index.values()]).length;
  }
  return length;
}

// The kernel counts CPU time in steps of some milliseconds, which many units together make small.
const PIECE = 10;

async function work(units) {
  const pieces = [];
  for (let done = 0; done < units; done += PIECE) {
    const [before, thread] = [process.cpuUsage(), process.threadCpuUsage()];
    for (let i = 0; i < PIECE; i++) {
      unit(done + i);
      await turn();
    }
    pieces.push({ whole: seconds(process.cpuUsage(before)), main: seconds(process.threadCpuUsage(thread)) });
  }
  return pieces;
}

function seconds({ user, system }) {
  return (user + system) / 1e6;
}

let session;

async function sampler({ interval }) {
  if (interval !== undefined) {
    session = new Session();
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval });
    await session.post("Profiler.start");
    return 0;
  }
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return profile.samples.length / ((profile.endTime - profile.startTime) / 1e6);
}

process.on("message", async (order) => {
  process.send(typeof order === "number" ? await work(order) : await sampler(order));
});
process.on("disconnect", () => process.exit());
process.stdout.write("ready\n");
