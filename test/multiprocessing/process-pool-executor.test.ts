import "../support/leaks.ts";
import { suite } from "node:test";
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { executorContract } from "../futures/contract.ts";

suite("ProcessPoolExecutor", () => {
  executorContract((maxWorkers = 1) => new ProcessPoolExecutor({ maxWorkers }), { remote: true });
});
