/**
 * profile - layer 6: where time and memory go, in a running Node process that was started without any preparation.
 * Python: py-spy and memray.
 *
 * model/      frames, samples, call trees: what every engine produces and every report reads
 * attach/     the inspector engine: how a process is entered by its PID, and left as it was
 * external/   the external engine: the same from outside, for a process that cannot answer
 * memory/     who holds memory: run, attach, Tracker, limits, and its reports
 * cpu/        record, top, dump, stalls
 * tasks/      the await tree of a running program
 * reporters/  flame graph, speedscope, folded stacks, pprof, cpuprofile, chrometrace
 *
 * May import lower layers only; never celery. Begin with model/sample.ts, then attach/attach.ts.
 */
export type { Frame, FrameKind } from "./model/frame.ts";
export { FrameTable, groupFrame, kindOf } from "./model/frame.ts";
export type { Engine, Local, Profile, Sample, StackFrame, ThreadRef, ThreadStack } from "./model/sample.ts";
export { mergeProfiles } from "./model/sample.ts";
export type { CallNode, CallTree, TreeOptions } from "./model/call-tree.ts";
export { addStack, callTree, emptyTree, stacksOf, threadLabel } from "./model/call-tree.ts";
export { type FunctionRow, functionTable } from "./model/function-table.ts";
export type { CdpSession, InspectorSession, Json, WorkerSession } from "./attach/session.ts";
export { attach, type AttachOptions } from "./attach/attach.ts";
export { isAlive, nodeVersionOf, processTree, type ProcessFacts, readProcess } from "./attach/proc.ts";
export {
  record,
  type RecordOptions,
  type Recording,
  type RecordingOptions,
  startRecording,
} from "./cpu/record.ts";
export { dumpStacks, EXTERNAL_NOTES, type ExternalSampleOptions, sampleExternal } from "./external/index.ts";
export { type FlameOptions, toFlameGraph } from "./reporters/flame.ts";
export { fromFolded, toFolded } from "./reporters/folded.ts";
export { toSpeedscope } from "./reporters/speedscope.ts";
export { toCpuProfile } from "./reporters/cpuprofile.ts";
export { toChromeTrace } from "./reporters/chrometrace.ts";
export { type PprofOptions, toPprof } from "./reporters/pprof.ts";
export { readTree } from "./reporters/read.ts";
export { launchRecording, type LaunchedRecording } from "./cpu/launch.ts";
export { attachOrLookOutside, type EngineOptions } from "./attach/choose.ts";
export { listProcesses, type NodeProcess } from "./attach/list.ts";
export { dump, type DumpOptions } from "./cpu/dump.ts";
export { sample, type SampleOptions, type Snapshot } from "./cpu/sample.ts";
export { type Stall, type StallOptions, stalls } from "./cpu/stalls.ts";
export { TopState } from "./cpu/top-state.ts";
export { toDumpText } from "./reporters/dump-text.ts";
export { REPORT_FORMATS, renderReport, type ReportFormat, type ReportOptions } from "./reporters/report.ts";
export { liveListText, liveTreeText } from "./reporters/live-tasks-text.ts";
export { toStallText } from "./reporters/stall-text.ts";
export { type LiveTask, type LiveTaskOptions, liveTasks } from "./tasks/live-tasks.ts";
export { topScreen, type TopView } from "./reporters/top-screen.ts";
export * from "./memory/index.ts";
export { profiled } from "./cpu/profiled.ts";
export { profileExecutor } from "./cpu/profile-executor.ts";
