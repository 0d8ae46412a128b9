import "../support/leaks.ts";
import { ThreadPoolExecutor } from "spool/threading";
import { executorContract } from "../futures/contract.ts";
import { suitePerTransport } from "../support/transports.ts";

suitePerTransport("ThreadPoolExecutor", () => {
  executorContract((maxWorkers = 1) => new ThreadPoolExecutor({ maxWorkers }), { remote: true });
});
