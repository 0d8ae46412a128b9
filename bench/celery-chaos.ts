import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Language } from "../test/celery/chaos/crew.ts";
import { onRabbit, onRedis, onSqlite, type Ground } from "../test/celery/chaos/places.ts";
import { besiege, type Report } from "../test/celery/chaos/siege.ts";
import { machine } from "./harness.ts";

/**
 * Tasks under fire: every two seconds a pool's process or a whole worker is killed with SIGKILL, and with every fifth
 * kill the broker is restarted, while 20,000 tasks and 200 chords run. Nothing may be lost. Brokers are this run's own.
 *
 *     node -C spool-source bench/celery-chaos.ts [redis|rabbitmq|sqlite|python-redis|python-rabbitmq ...]
 *
 * SPOOL_TEST_CHAOS_TASKS and SPOOL_TEST_CHAOS_KILLS change how much; results/celery-chaos.json keeps the last run of
 * each place. Ends with 1 when this package lost anything or ran a task twice without a reason.
 */
const plan = {
  tasks: Number(process.env["SPOOL_TEST_CHAOS_TASKS"] ?? 20_000),
  kills: Number(process.env["SPOOL_TEST_CHAOS_KILLS"] ?? Infinity),
  pause: 2,
  restartEvery: 5,
  limit: Number(process.env["SPOOL_TEST_CHAOS_SECONDS"] ?? 120),
};

interface Place {
  readonly language: Language;
  readonly open: (directory: string) => Promise<Ground>;
}

const PLACES: Readonly<Record<string, Place>> = {
  redis: { language: "spool", open: onRedis },
  rabbitmq: { language: "spool", open: onRabbit },
  sqlite: { language: "spool", open: onSqlite },
  "python-redis": { language: "Python", open: onRedis },
  "python-rabbitmq": { language: "Python", open: onRabbit },
};

function show({ doubles, unexplained, ...report }: Report): void {
  console.log(
    `\n${report.place}: ${report.tasks} tasks, ${report.childKills} pool processes and ${report.workerKills} workers ` +
      `killed, broker restarted ${report.restarts} times, ${report.seconds} s\n` +
      `  results ${report.results}, wrong ${report.wrong}, lost ${report.lost}, ` +
      `chords ${report.chordsDone} of ${report.chords}\n` +
      `  second runs: ${doubles.midTask} killed in mid-task, ${doubles.beforeAck} killed before the acknowledgement, ` +
      `${doubles.brokerGone} in hand when the broker went, ${doubles.unexplained} unexplained`,
  );
  for (const run of unexplained.slice(0, 10)) console.log(`    ${run}`);
}

/** Keeps the last run of every place. */
function keep(reports: readonly Report[]): void {
  const path = join(import.meta.dirname, "results/celery-chaos.json");
  let kept: Report[] = [];
  try {
    kept = (JSON.parse(readFileSync(path, "utf8")) as { runs: Report[] }).runs;
  } catch {
    // The first run of all.
  }
  const byPlace = new Map([...kept, ...reports].map((report) => [report.place, report]));
  const runs = Object.keys(PLACES).flatMap((place) => byPlace.get(place) ?? []);
  writeFileSync(path, `${JSON.stringify({ machine: machine(), runs }, null, 2)}\n`);
  console.log(`\nwritten to ${path}`);
}

process.on("SIGTERM", () => process.exit(1));
const wanted = process.argv.slice(2);
const reports: Report[] = [];
for (const name of wanted.length === 0 ? Object.keys(PLACES) : wanted) {
  const place = PLACES[name];
  if (place === undefined) throw new Error(`no place "${name}": ${Object.keys(PLACES).join(", ")}`);
  const report = await besiege(name, place.language, place.open, plan);
  show(report);
  reports.push(report);
}
keep(reports);
const bad = reports.filter(
  ({ place, lost, wrong, chords, chordsDone, doubles }) =>
    PLACES[place]!.language === "spool" &&
    (lost > 0 || wrong > 0 || chordsDone < chords || doubles.unexplained > 0),
);
process.exit(bad.length === 0 ? 0 : 1);
