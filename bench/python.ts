import { execFileSync } from "node:child_process";

/** Runs a program of the real Python that prints one figure. */
export function pythonFigure(program: string): number {
  return Number(execFileSync("python3", ["-c", program], { encoding: "utf8", timeout: 120_000 }).trim());
}

/** Two Python processes; `body` is indented by four blanks and defines `child` and `main`. */
export function twoPythons(definitions: string): string {
  return `
import multiprocessing as mp, time
${definitions}
if __name__ == "__main__":
    mp.set_start_method("fork")
    print(main())
`;
}
