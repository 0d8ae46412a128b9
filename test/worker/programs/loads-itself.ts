import { ProcessPoolExecutor, ThreadPoolExecutor } from "spool";
import { ref } from "spool/closures";
import { Process } from "spool/multiprocessing";
import { Thread } from "spool/threading";

/** A program that has its workers load the program itself, which then would begin again in each of them. */
const twice = ref<(x: number) => number>(import.meta.url, "double");
export const double = (x: number): number => 2 * x;

console.log("begins");
switch (process.argv[2]) {
  case "processes":
    console.log(await new ProcessPoolExecutor({ maxWorkers: 1 }).submit(twice, 2));
    break;
  case "thread":
    new Thread({ target: twice, args: [2] }).start();
    break;
  case "process":
    new Process({ target: twice, args: [2] }).start();
    break;
  default:
    console.log(await new ThreadPoolExecutor({ maxWorkers: 1 }).submit(twice, 2));
}
