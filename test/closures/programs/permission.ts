/** Under the permission model: closures are refused by one clear error, references work. */
import { CaptureError, ref, ship } from "spool/closures";
import { threadCarrier } from "../fixtures/carriers.ts";

const factor = 3;
const carrier = threadCarrier();
try {
  const url = new URL("../fixtures/library.ts", import.meta.url);
  console.log("ref", await carrier.run(ref(url, "double"), [21]));
  console.log("language", await carrier.run((x: number) => Math.max(x, 1), [7]));
  ship((x: number) => x * factor, { to: "thread" });
} catch (error) {
  console.log(error instanceof CaptureError, (error as CaptureError).code);
  console.log((error as CaptureError).message);
} finally {
  await carrier.close();
}
