import { tmpdir } from "node:os";
import { join } from "node:path";

export const TASKS: number = Number(process.env["BENCH_TASKS"] ?? 10_000);
export const ROUNDS: number = Number(process.env["BENCH_ROUNDS"] ?? 3);
export const REDIS = "redis://127.0.0.1:6379/4";
export const AMQP = "amqp://guest:guest@127.0.0.1:5672//";
export const POSTGRES: string =
  process.env["BENCH_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/postgres";
export const SQLITE_FILE: string = join(tmpdir(), `spool-bench-${process.pid}.db`);
export const SQLITE: string = `sqlite://${SQLITE_FILE}`;
export const PYTHON = "Python Celery prefork -c 2";

let serial = 0;
/** A name that nothing else uses. */
export function fresh(stem: string): string {
  return `${stem}-${process.pid}-${++serial}`;
}
