import { after, before, suite } from "node:test";

/** The ways in which records travel between a pool and its workers; for processes "rings" are in mapped memory. */
const TRANSPORTS = ["messages", "rings"] as const;

/**
 * Defines a suite once for each transport: whatever holds for a pool holds over all of them. Where the whole run is for
 * one transport (`npm run test:transports`), only for that one.
 */
export function suitePerTransport(name: string, define: () => void): void {
  const whole = process.env["SPOOL_TRANSPORT"];
  for (const transport of TRANSPORTS) {
    if (whole !== undefined && whole !== transport) continue;
    suite(`${name}, transport: ${transport}`, () => {
      before(() => {
        process.env["SPOOL_TRANSPORT"] = transport;
      });
      after(() => {
        if (whole === undefined) delete process.env["SPOOL_TRANSPORT"];
      });
      define();
    });
  }
}
