import { clock, clockTime } from "../core/index.ts";
import type { MapOptions } from "./executor.ts";

/** Seconds between two drawings of the bar. */
const REDRAW = 0.1;
const WIDTH = 30;

/** Counts what a map has done, tells `onProgress`, and draws the bar when asked to and stderr is a terminal. */
export class ProgressReport {
  readonly #onProgress: MapOptions["onProgress"];
  readonly #bar: boolean;
  readonly #total: number | undefined;
  readonly #started: number;
  #done = 0;
  #failed = 0;
  #drawn = -Infinity;

  constructor(options: MapOptions, total: number | undefined, started: number) {
    this.#onProgress = options.onProgress;
    this.#bar = options.progress === true && process.stderr.isTTY;
    this.#total = total;
    this.#started = started;
  }

  add(done: number, failed: number): void {
    this.#done += done;
    this.#failed += failed;
    if (this.#onProgress === undefined && !this.#bar) return;
    const now = clock().now();
    const elapsed = now - this.#started;
    this.#onProgress?.({ done: this.#done, total: this.#total, failed: this.#failed, elapsed });
    if (this.#bar && now - this.#drawn >= REDRAW) this.#draw(now);
  }

  end(): void {
    if (!this.#bar || this.#drawn === Infinity) return;
    this.#draw(clock().now());
    process.stderr.write("\n");
    this.#drawn = Infinity;
  }

  #draw(now: number): void {
    this.#drawn = now;
    process.stderr.write(
      `\r\x1b[2K${progressLine(this.#done, this.#failed, this.#total, now - this.#started)}`,
    );
  }
}

/** One line: bar, count, rate, time left. Also for other drawers of bars. */
export function progressLine(
  done: number,
  failed: number,
  total: number | undefined,
  elapsed: number,
): string {
  const rate = elapsed > 0 ? done / elapsed : 0;
  const speed = `${rate >= 100 ? Math.round(rate) : rate.toFixed(1)}/s`;
  const wrong = failed > 0 ? `, ${failed} failed` : "";
  if (total === undefined) return `${done} done, ${speed}${wrong}`;
  const part = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(part * WIDTH);
  const bar = `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}`;
  const left = rate > 0 ? `, ${clockTime((total - done) / rate)} left` : "";
  return `${bar} ${done}/${total} ${Math.floor(part * 100)} %, ${speed}${left}${wrong}`;
}
