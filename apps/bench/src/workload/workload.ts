/**
 * The work that is the same for all who are compared: which sectors, in which order, in how many calls.
 *
 * A _unit_ is what one number of the sequence stands for: a run of sectors. A _stream_ is one who works: a thread, or one of several tasks of it that wait
 * side by side. Each stream has units of its own, so what every sector contains in the end is known, however the streams ran. native/workload.c does
 * the same for peers in C.
 */

export type Operation = 'read' | 'write'

export interface Workload {
  readonly operation: Operation
  readonly sectorBytes: number
  /** How many sectors are used, from LBA 0 on: a multiple of `unitSectors` times the number of streams. */
  readonly sectors: number
  readonly unitSectors: number
  /** How many sectors of a unit one call transfers; a unit is a multiple of it. */
  readonly callSectors: number
  readonly threads: number
  /** How many tasks of each thread wait side by side. */
  readonly depth: number
}

export function streamsOf({ threads, depth }: Workload): number {
  return threads * depth
}

const RANDOM_END = 2 ** 32

/** Where the streams of a workload go, by a sequence of random numbers of 32 bits. */
export class Places {
  private readonly sequence: Uint32Array
  private readonly streams: number
  private readonly groups: number
  private readonly unitSectors: number

  constructor(workload: Workload, sequence: Uint32Array) {
    this.sequence = sequence
    this.streams = streamsOf(workload)
    this.unitSectors = workload.unitSectors
    this.groups = Math.floor(workload.sectors / workload.unitSectors / this.streams)
    if (this.groups * this.streams * this.unitSectors !== workload.sectors)
      throw new RangeError('the sectors cannot be divided among the streams')
  }

  /** The first LBA of the unit that a stream does after `done` others. */
  lba(stream: number, done: number): number {
    const { sequence, streams } = this
    const at = (done + stream * Math.floor(sequence.length / streams)) % sequence.length
    const group = Math.floor(((sequence[at] ?? 0) * this.groups) / RANDOM_END)
    return (group * streams + stream) * this.unitSectors
  }
}
