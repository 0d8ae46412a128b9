import { tmpdir } from "node:os";
import { join } from "node:path";
import { Celery } from "spool/celery";

/**
 * An app for the command line. In one terminal `spool celery worker -A examples/31-celery-app.ts -P processes`, in
 * another `spool celery call demo.resize -A examples/31-celery-app.ts -a '["a.png", 200]' --wait`.
 * Both open the same SQLite file; a client started later or elsewhere on the machine does the same.
 */
export const app: Celery = new Celery("demo", {
  broker: `sqlite://${join(tmpdir(), "spool-example-celery.db")}`,
  include: [import.meta.url],
});

const resize = app.task("demo.resize", async (file: string, width: number) => `${file} at ${width}`);

if (import.meta.main) {
  const worker = app.worker();
  await worker.start();
  console.log(await resize.delay("a.png", 200).get({ timeout: 10 }));
  await worker.stop();
  await app.close();
}
// Prints: a.png at 200
