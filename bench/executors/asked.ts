import { loadSpool } from "../pools/spool.ts";
import { type TableSpec, WORKERS, interleaved, timed } from "./spec.ts";

const COUNT = 100_000;
const WIDTH = 1000;

/** What measuring costs those who ask for it; who does not ask is the first row, and the second to see the noise. */
export const ASKED: TableSpec = {
  key: "asked",
  title: "tiny tasks on two threads, with what is measured about them",
  unit: "tasks/s",
  better: "higher",
  figures: interleaved(
    async () => {
      const { ThreadPoolExecutor } = await loadSpool();
      const pool = new ThreadPoolExecutor({ maxWorkers: WORKERS });
      const timing = pool.with({ timing: true });
      const square = (x: number): number => x * x;
      const drive = async (to: typeof timing): Promise<number> => {
        let next = 0;
        const lane = async (): Promise<void> => {
          while (next < COUNT) await to.submit(square, next++);
        };
        return COUNT / (await timed(() => Promise.all(Array.from({ length: WIDTH }, lane))));
      };
      const watched = async (): Promise<number> => {
        const timer = setInterval(() => void pool.statistics(), 1);
        try {
          return await drive(pool);
        } finally {
          clearInterval(timer);
        }
      };
      return [
        { name: "nothing asked", run: () => drive(pool), close: () => pool.shutdown() },
        { name: "nothing asked, again", run: () => drive(pool) },
        { name: "statistics() each millisecond", run: watched },
        { name: "timing of each task", run: () => drive(timing) },
      ];
    },
    { warmup: 2 },
  ),
  targets: [],
};
