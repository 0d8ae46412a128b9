/**
 * channels - layer 3: messages between threads and processes. Queues and pipes over rings in shared memory; listeners,
 * clients and managers over sockets. Imports sync, memory, closures and core. Begin with queue.ts and codec.ts.
 */
export { type Connection, type ReceiveBytesOptions, type Waitable, wait } from "./connection.ts";
export { type Address, Client, type ClientOptions, Listener, type ListenerOptions } from "./listener.ts";
export {
  BaseManager,
  type ClientCondition,
  type ClientLock,
  type ManagerOptions,
  serveManager,
  SYNC_TYPES,
} from "./manager.ts";
export type { ManagedDict, ManagedList, ManagedNamespace, ManagedValue } from "./managed-types.ts";
export { type Creator, ManagerServer } from "./manager-server.ts";
export type { Proxied } from "./proxy.ts";
export { SocketConnection } from "./socket-connection.ts";
export { pipe, PipeConnection } from "./pipe.ts";
export { type Primitives, primitivesIn } from "./primitives.ts";
export { JoinableQueue } from "./joinable-queue.ts";
export { Queue } from "./queue.ts";
export { BrokenPipeError, BufferTooShort, Empty, EOFError, Full, ShutDown } from "../core/index.ts";
