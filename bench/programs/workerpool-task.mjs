import workerpool from "workerpool";
import { run } from "./piscina-task.mjs";
workerpool.worker({ run });
