import { after, before, suite } from "node:test";

/** The ways in which records travel between a pool and its workers; for processes "rings" are in mapped memory. */
const TRANSPORTS = ["messages", "rings"] as const;

/** Defines a suite once for each transport: whatever holds for a pool holds over all of them. */
export function suitePerTransport(name: string, define: () => void): void {
  for (const transport of TRANSPORTS) {
    suite(`${name}, transport: ${transport}`, () => {
      before(() => {
        process.env["SPOOL_TRANSPORT"] = transport;
      });
      after(() => {
        delete process.env["SPOOL_TRANSPORT"];
      });
      define();
    });
  }
}
