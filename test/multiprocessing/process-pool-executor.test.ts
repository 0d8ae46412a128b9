import "../support/leaks.ts";
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { executorContract } from "../futures/contract.ts";
import { suitePerTransport } from "../support/transports.ts";

suitePerTransport("ProcessPoolExecutor", () => {
  executorContract((maxWorkers = 1) => new ProcessPoolExecutor({ maxWorkers }), { remote: true });
});
