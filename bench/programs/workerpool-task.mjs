import workerpool from "workerpool";
import { run } from "./task.mjs";
workerpool.worker({ run });
