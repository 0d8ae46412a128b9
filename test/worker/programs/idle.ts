// What idle pools use: prints the CPU seconds of the program and of its worker processes while nothing happened for a
// while. Closes nothing and must end by itself all the same.
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { ThreadPoolExecutor } from "spool/threading";

const QUIET_MS = 2000;
const threads = new ThreadPoolExecutor({ maxWorkers: 2 });
const processes = new ProcessPoolExecutor({ maxWorkers: 2 });
for (const pool of [threads, processes]) {
  await Promise.all(Array.from({ length: 2000 }, (_, i) => pool.submit((x: number) => x * x, i)));
}

const secondsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6;
const inWorkers = async (): Promise<number> => {
  const usages = await processes.runOnAll(() => process.cpuUsage());
  return usages.reduce((sum, usage) => sum + secondsOf(usage), 0);
};

// All workers have started and answered before the clock runs.
await threads.runOnAll(() => {});
const before = await inWorkers();
const here = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
const program = secondsOf(process.cpuUsage(here));
const workers = (await inWorkers()) - before;
console.log(JSON.stringify({ quiet: QUIET_MS / 1000, program, workers }));
