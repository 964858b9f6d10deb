/** The map in pieces, for whoever has to wait while he works on one. */
import type { Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import {
  MapPasses,
  readMap,
  type Arena,
  type CheckRun,
  type CompletedWrites,
} from '@bttkit/checker-image/parts'
import { preemptionPoint } from '@bttkit/sleepable'

/** Sectors in a row, counted in the arena. */
export interface MapPiece {
  readonly first: number
  readonly count: number
  /** `zero`: the entries are all zeros; `lost`: nobody knows them. */
  readonly entries: Uint32Array | 'zero' | 'lost'
}

/** Yielded by the reading after each piece, and never waited for. */
const PIECE_IS_READ = preemptionPoint({ object: 'provider', kind: 'read', start: 0, end: 0 })

function copyOf(view: DataView, count: number): Uint32Array {
  const entries = new Uint32Array(count)
  for (let i = 0; i < count; i++) entries[i] = view.getUint32(i * MAP_ENTRY_BYTES, true)
  return entries
}

/** Calls `handle` for each piece, in order. Of the run it uses the reader. */
export function* forEachMapPiece(
  run: CheckRun,
  arena: Arena,
  completed: CompletedWrites,
  handle: (piece: MapPiece) => Sleepable<void>,
): Sleepable<void> {
  const pieces: MapPiece[] = []
  const passes = new MapPasses({ pause: PIECE_IS_READ })
  const reading = readMap({ ...run, passes }, arena, completed, {
    entries: (view, first, count) => void pieces.push({ first, count, entries: copyOf(view, count) }),
    hole: (first, count) => void pieces.push({ first, count, entries: 'zero' }),
    lost: (first, count) => void pieces.push({ first, count, entries: 'lost' }),
  })
  let step = reading.next()
  for (;;) {
    for (const piece of pieces.splice(0)) yield* handle(piece)
    if (step.done === true) return
    if (step.value === PIECE_IS_READ) {
      step = reading.next()
      continue
    }
    let failure: { readonly error: unknown } | undefined
    try {
      yield step.value
    } catch (error) {
      failure = { error }
    }
    step = failure === undefined ? reading.next() : reading.throw(failure.error)
  }
}
