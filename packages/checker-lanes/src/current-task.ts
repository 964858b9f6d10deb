/** A task as its lane table knows it. */
export interface TaskIdentity {
  /** Among all tasks of all workers, from 0. */
  readonly number: number
  /** The CPU that it runs on: its hint for a lane. */
  readonly cpu: number
  /** Of the write that it makes at present; 0 when it makes none. */
  generation: number
}

/** Which task of this thread runs: whoever drives tasks says so before each step. Absent: none, but whoever prepares or ends the run. */
export interface CurrentTask {
  identity: TaskIdentity | undefined
}
