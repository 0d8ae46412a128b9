/** Seconds between two drawings: fast enough to look alive, slow enough to cost nothing. */
const REDRAW_MS = 100;
const WIDTH = 28;

export interface ProgressFigures {
  readonly done: number;
  readonly failed: number;
  readonly total: number | undefined;
  /** Per second, since the first was done: the start of the workers is not a pace. */
  readonly rate: number;
}

/** A line on stderr that is drawn over again; silent when stderr is not a terminal. */
export interface ProgressLine {
  /** Shows a message above the line. */
  say(message: string): void;
  /** Takes the line away; nothing is drawn afterwards. */
  end(): void;
}

/** Draws what `line` says at a steady pace. The timer never keeps the program alive. */
export function progressLine(line: () => string): ProgressLine {
  const { stderr } = process;
  const isTerminal = stderr.isTTY === true;
  const draw = (): void => void stderr.write(`\r\x1b[2K${fit(line(), stderr.columns)}`);
  const timer = isTerminal ? setInterval(draw, REDRAW_MS).unref() : undefined;
  return {
    say(message) {
      stderr.write(isTerminal ? `\r\x1b[2K${message}\n` : `${message}\n`);
    },
    end() {
      if (timer === undefined) return;
      clearInterval(timer);
      stderr.write("\r\x1b[2K");
    },
  };
}

/** `  43 % [############----------------] 4312/10000  812/s  ETA 0:07  3 failed` */
export function progressText({ done, failed, total, rate }: ProgressFigures): string {
  const parts: string[] = [];
  if (total === undefined) parts.push(`${done} done`);
  else {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const filled = Math.round(share * WIDTH);
    const bar = `[${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}]`;
    parts.push(`${String(Math.floor(share * 100)).padStart(3)} % ${bar} ${done}/${total}`);
  }
  parts.push(`${rate >= 100 ? Math.round(rate) : rate.toFixed(1)}/s`);
  if (total !== undefined && rate > 0) parts.push(`ETA ${clockTime((total - done) / rate)}`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join("  ");
}

/** `0:07`, `12:30`, `3:05:00`. */
export function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function fit(text: string, columns: number | undefined): string {
  // A pipe that claims to be a terminal has a width of 0.
  return columns !== undefined && columns > 0 && text.length >= columns ? text.slice(0, columns - 1) : text;
}
