import { ThreadWorker } from "poolifier";
import { run } from "./task.mjs";
export default new ThreadWorker((data) => run(data.input));
