/**
 * profile/external - the engine that looks at a Node process from outside: nothing is sent to it, nothing is written
 * into it, and it works when the process is stuck in a native call, a busy loop, or refuses the inspector.
 *
 * elf.ts            symbols and V8's self-description in the binary
 * layout.ts         the offsets that a stack walk needs, out of that
 * maps.ts, remote-memory.ts, vector-read.ts, stack-image.ts   reading another process
 * threads.ts, stop.ts   which threads there are, what they do, and stopping one for microseconds
 * walk.ts, heap.ts  from a stack to functions, from functions to names and places
 * target.ts         all of it together; dump.ts and sample.ts are its two uses
 * force.ts, inspector-port.ts   the exceptions to "nothing is written", on demand: opening the inspector without a
 *                   signal, and on another port
 *
 * Begin with target.ts.
 */
export { type ExternalSampleOptions, EXTERNAL_NOTES, sampleExternal } from "./sample.ts";
export { dumpStacks } from "./dump.ts";
export { postInspectorSemaphore } from "./force.ts";
export { redirectInspector } from "./inspector-port.ts";
