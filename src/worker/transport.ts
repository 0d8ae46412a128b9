/**
 * How records travel: "messages" only, or through "rings" as early and as often as possible. By default rings are used
 * where they win. Only tests set it, so that each way meets every contract and every fault.
 */
export type Transport = "messages" | "rings" | "best";

export function transport(): Transport {
  return (process.env["SPOOL_TRANSPORT"] as Transport | undefined) ?? "best";
}
