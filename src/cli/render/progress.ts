import { progressLine as progressBar } from "../../futures/index.ts";

/** Seconds between two drawings: fast enough to look alive, slow enough to cost nothing. */
const REDRAW_MS = 100;

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

/** The bar that `map` draws too, for a pace that is not counted from the start. */
export function progressText({ done, failed, total, rate }: ProgressFigures): string {
  return progressBar(done, failed, total, rate > 0 ? done / rate : 0);
}

function fit(text: string, columns: number | undefined): string {
  // A pipe that claims to be a terminal has a width of 0.
  return columns !== undefined && columns > 0 && text.length >= columns ? text.slice(0, columns - 1) : text;
}
