import "../support/leaks.ts";
import { suite } from "node:test";
import { ThreadPoolExecutor } from "spool/threading";
import { executorContract } from "../futures/contract.ts";

suite("ThreadPoolExecutor", () => {
  executorContract((maxWorkers = 1) => new ThreadPoolExecutor({ maxWorkers }), { remote: true });
});
