/** Custom states are allowed, so a state is any text; these are Celery's own. */
export type TaskState =
  | "PENDING"
  | "RECEIVED"
  | "STARTED"
  | "SUCCESS"
  | "FAILURE"
  | "REVOKED"
  | "REJECTED"
  | "RETRY"
  | (string & {});

export const READY_STATES: ReadonlySet<string> = new Set(["SUCCESS", "FAILURE", "REVOKED"]);
/** States in which `get` throws. */
export const FAILED_STATES: ReadonlySet<string> = new Set(["FAILURE", "REVOKED"]);
/** States whose `result` is an error. */
export const ERROR_STATES: ReadonlySet<string> = new Set(["RETRY", "FAILURE", "REVOKED"]);

/** `[[id, parent], null]` for a task, `[[id, parent], [children]]` for a group. */
export type ResultTuple = readonly [
  readonly [id: string, parent: ResultTuple | null],
  readonly ResultTuple[] | null,
];

/** One task's stored state, field for field as on the wire. */
export interface ResultMeta {
  readonly status: TaskState;
  /** The value, the wire form of an error, or what a custom state carries. */
  readonly result: unknown;
  readonly traceback: string | null;
  readonly children: readonly ResultTuple[] | null;
  readonly date_done: string | null;
  readonly task_id: string;
  readonly parent_id?: string | undefined;
  readonly group_id?: string | undefined;
  readonly [extended: string]: unknown;
}

/** What a member of a chord's header reports when it is done. */
export interface ChordPart {
  readonly groupId: string;
  readonly groupIndex: number | null;
  readonly taskId: string;
  readonly state: string;
  /** The value, or the wire form of the error. */
  readonly result: unknown;
}

/** Every member's part, in the order of the header; given to exactly the member that completed the chord. */
export type ChordParts = readonly (readonly [flag: number, id: string, state: string, result: unknown])[];

/** Counts the members of chords. A part reported twice (a task that ran twice) counts once. */
export interface ChordCounter {
  setSize(groupId: string, size: number): Promise<void>;
  grow(groupId: string, by: number): Promise<void>;
  /** Returns all parts once the chord is complete, else null. */
  addPart(part: ChordPart): Promise<ChordParts | null>;
  /** The body was sent: forget the counts. */
  finish(groupId: string): Promise<void>;
}

/** Where states and results are kept. Knows nothing of workers. A stored SUCCESS is never overwritten. */
export interface ResultBackend {
  readonly url: string;
  /** Undefined where the backend cannot count (rpc); then chords cannot be sent. */
  readonly chords: ChordCounter | undefined;
  store(meta: ResultMeta, request: StoreContext): Promise<void>;
  get(id: string): Promise<ResultMeta | null>;
  getMany(ids: readonly string[]): Promise<(ResultMeta | null)[]>;
  /**
   * Calls `onMeta` with each state stored from now on. Resolves once nothing can be missed any more; the function it
   * gives ends the watch.
   */
  watch(id: string, onMeta: (meta: ResultMeta) => void): Promise<() => void>;
  forget(ids: readonly string[]): Promise<void>;
  saveGroup(id: string, tuple: ResultTuple): Promise<void>;
  restoreGroup(id: string): Promise<ResultTuple | null>;
  deleteGroup(id: string): Promise<void>;
  /** Makes ready for results to come, where they are messages (rpc); done before the first task is sent. */
  prepare(): Promise<void>;
  /** Drops what has expired where the store does not do so itself. */
  cleanup(): Promise<void>;
  /** Waits until everything under way is done, for as long as that takes. */
  close(): Promise<void>;
  /** Drops the connections at once, for when the server does not answer; what is under way fails. */
  destroy(): void;
}

interface StoreContext {
  readonly replyTo: string | undefined;
}
