import { emitKeypressEvents } from "node:readline";

/** A terminal that is redrawn in place; a pipe or file gets each picture after the other. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_REST = "\x1b[J";

/** Takes over the terminal; `onKey` gets each key's character or name. */
export function openScreen(onKey: (key: string) => void): Screen {
  const { stdin, stdout } = process;
  if (!stdout.isTTY) return plainScreen();
  const typed = (
    text: string | undefined,
    key: { name?: string; ctrl?: boolean; sequence?: string },
  ): void => {
    if (key.ctrl === true && key.name === "c") process.emit("SIGINT");
    else onKey((text ?? key.name ?? "").toLowerCase());
  };
  const interactive = stdin.isTTY;
  if (interactive) {
    emitKeypressEvents(stdin);
    stdin.setRawMode(true);
    stdin.on("keypress", typed);
    stdin.resume();
  }
  stdout.write(ENTER);
  return {
    get width() {
      return stdout.columns;
    },
    get height() {
      return stdout.rows;
    },
    draw(lines) {
      stdout.write(HOME + lines.map((line) => line + CLEAR_LINE).join("\r\n") + CLEAR_REST);
    },
    close() {
      stdout.write(LEAVE);
      if (!interactive) return;
      stdin.setRawMode(false);
      stdin.off("keypress", typed);
      stdin.pause();
    },
  };
}

function plainScreen(): Screen {
  return {
    width: 160,
    height: 40,
    draw: (lines) => void process.stdout.write(`${lines.join("\n")}\n\n`),
    close: () => {},
  };
}
