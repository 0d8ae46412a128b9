import { StateError } from "../core/index.ts";
import { type ShareableItem, ShareableList } from "./shareable-list.ts";
import { SharedMemory } from "./shared-memory.ts";

/**
 * Makes shared memory and takes all of it away again at `shutdown`. Python: `multiprocessing.managers.SharedMemoryManager`;
 * there a process stands behind it, here the tracker that every segment has.
 *
 *     using manager = new SharedMemoryManager();
 *     const block = manager.SharedMemory(4096);
 */
export class SharedMemoryManager implements Disposable {
  readonly #made: SharedMemory[] = [];
  #open = true;

  /** For programs translated from Python: a manager is ready once it is made. */
  start(): void {
    this.#requireOpen();
  }

  SharedMemory(size: number): SharedMemory {
    this.#requireOpen();
    const memory = new SharedMemory({ create: true, size });
    this.#made.push(memory);
    return memory;
  }

  ShareableList(items: Iterable<ShareableItem>): ShareableList {
    this.#requireOpen();
    const list = new ShareableList(items);
    this.#made.push(list.shm);
    return list;
  }

  /** Closes and unlinks what was made here. Idempotent. */
  shutdown(): void {
    this.#open = false;
    for (const memory of this.#made.splice(0)) {
      memory.close();
      try {
        memory.unlink();
      } catch (error) {
        if (!(error instanceof StateError)) throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.shutdown();
  }

  #requireOpen(): void {
    if (!this.#open) throw new StateError("The manager was shut down");
  }
}
