import { ThreadWorker } from "poolifier";
import { run } from "./piscina-task.mjs";
export default new ThreadWorker((data) => run(data?.input ?? data));
