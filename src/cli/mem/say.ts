import { type MemoryProfile, allocationsAt, formatBytes, totalBytes } from "../../profile/index.ts";

/** What the user is told when a recording is done. On standard error: standard output belongs to the program. */
export function sayWritten(
  path: string,
  profile: MemoryProfile,
  notes: readonly string[] = profile.notes,
): void {
  const at = (moment: "peak" | "end"): string => formatBytes(totalBytes(allocationsAt(profile, moment)));
  const sizes =
    profile.counts === "total"
      ? `${at("end")} allocated in all`
      : `peak ${at("peak")}, at the end ${at("end")}`;
  const threads = profile.threads.length;
  process.stderr.write(
    `spool mem: ${sizes}, ${threads} thread${threads === 1 ? "" : "s"}, ${profile.duration.toFixed(1)} s -> ${path}\n` +
      `${notes.map((note) => `  ${note}\n`).join("")}` +
      `  spool mem flamegraph ${path}\n  spool mem table ${path}\n`,
  );
}
