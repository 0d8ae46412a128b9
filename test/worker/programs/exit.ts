// Ends without closing its pools: with work under way first (it must be finished), then idle (it must not be held).
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { ThreadPoolExecutor } from "spool/threading";

for (const pool of [new ThreadPoolExecutor({ maxWorkers: 1 }), new ProcessPoolExecutor({ maxWorkers: 1 })]) {
  pool
    .submit(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return "done";
    })
    .then((word) => console.log(word));
}
