import { ProcessPoolExecutor, ThreadPoolExecutor } from "spool";

const factor = 3;
for (const Executor of [ThreadPoolExecutor, ProcessPoolExecutor]) {
  const pool = new Executor();
  for await (const y of pool.map((x) => x * factor, [1, 2, 3])) console.log(y);
  await pool.shutdown();
}
