import type { ChildProcess } from "node:child_process";

const mortals = new Set<() => void>();
process.on("exit", () => mortals.forEach((end) => end()));

/** A child that must not outlive this program, however that ends; with `group`, all processes of its group. */
export function mortal(child: ChildProcess, group = false): ChildProcess {
  const end = (): void => {
    try {
      process.kill(group ? -child.pid! : child.pid!, "SIGKILL");
    } catch {
      // It is gone.
    }
  };
  mortals.add(end);
  child.once("exit", () => mortals.delete(end));
  return child;
}
