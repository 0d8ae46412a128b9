import type { Language } from "../test/celery/chaos/crew.ts";
import { onRabbit, onRedis, onSqlite, type Ground } from "../test/celery/chaos/places.ts";
import { besiege, type Report } from "../test/celery/chaos/siege.ts";
import { machine, summarise, type Table } from "./harness.ts";
import { saveTable } from "./support/results.ts";

/**
 * Tasks under fire: every two seconds a pool's process or a whole worker is killed with SIGKILL, and with every fifth
 * kill the broker is restarted, while 20,000 tasks and 200 chords run. Nothing may be lost. Brokers are this run's own.
 *
 *   npm run bench celery-chaos                  all places, two minutes each
 *   npm run bench celery-chaos redis rabbitmq   these; also sqlite, python-redis, python-rabbitmq
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

/** One run as a table of counts, which documents can quote. */
function tableOf(report: Report): Table {
  const { place, doubles, seconds } = report;
  const counts: readonly (readonly [string, number])[] = [
    ["tasks sent", report.tasks],
    ["results, all right", report.results],
    ["wrong", report.wrong],
    ["lost", report.lost],
    ["chords sent", report.chords],
    ["chords complete", report.chordsDone],
    ["pool processes killed", report.childKills],
    ["workers killed", report.workerKills],
    ["broker restarts", report.restarts],
    ["second runs: killed in mid-task", doubles.midTask],
    ["second runs: killed before the acknowledgement", doubles.beforeAck],
    ["second runs: in hand when the broker went", doubles.brokerGone],
    ["second runs without a reason", doubles.unexplained],
    ["seconds", seconds],
  ];
  return {
    key: place,
    title: `Under fire: ${place}`,
    unit: "count",
    rounds: 1,
    machine: machine(),
    figures: counts.map(([name, count]) => summarise(name, [count])),
  };
}

process.on("SIGTERM", () => process.exit(1));
const wanted = process.env["SPOOL_BENCH"]?.split(",") ?? process.argv.slice(2);
const reports: Report[] = [];
for (const name of wanted.length === 0 ? Object.keys(PLACES) : wanted) {
  const place = PLACES[name];
  if (place === undefined) throw new Error(`no place "${name}": ${Object.keys(PLACES).join(", ")}`);
  const report = await besiege(name, place.language, place.open, plan);
  show(report);
  saveTable("celery-chaos", tableOf(report), Object.keys(PLACES));
  reports.push(report);
}
const bad = reports.filter(
  ({ place, lost, wrong, chords, chordsDone, doubles }) =>
    PLACES[place]!.language === "spool" &&
    (lost > 0 || wrong > 0 || chordsDone < chords || doubles.unexplained > 0),
);
process.exit(bad.length === 0 ? 0 : 1);
