/** The flog against the map: writes whose flog entry is complete, and whose map entry is not. Attaching completes them; so a checker counts them as complete. */
import type { Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, mapBlock } from '@bttkit/btt-format'
import type { FlogReading } from './check-flog.ts'
import type { Arena, CheckRun } from './check-run.ts'

/** A write that counts as complete. */
interface CompletedWrite {
  readonly lane: number
  /** That the sector has then. */
  readonly block: number
}

/** By sector of the arena. Of several lanes that wrote one sector, the one that completes last. */
export type CompletedWrites = ReadonlyMap<number, CompletedWrite>

export function entryOffset({ offset, info }: Arena, premap: number): number {
  return offset + info.mapoff + premap * MAP_ENTRY_BYTES
}

/** Finds them, and reports them. */
export function* findInterruptedWrites(
  { reader, log }: CheckRun,
  arena: Arena,
  { writes }: FlogReading,
): Sleepable<CompletedWrites> {
  const completed = new Map<number, CompletedWrite>()
  for (const [premap, lanesWrites] of writes) {
    const offset = entryOffset(arena, premap)
    const bytes = yield* reader.read(offset, MAP_ENTRY_BYTES, 'map')
    // Whoever reads the whole map reports what of it is lost.
    if (bytes === undefined) continue
    let block = mapBlock(new DataView(bytes.buffer).getUint32(0, true), premap)
    // In the order of the lanes, as an attach does it.
    for (const { lane, oldBlock, newBlock } of lanesWrites) {
      if (oldBlock !== block) continue
      block = newBlock
      completed.set(premap, { lane, block: newBlock })
      const lba = arena.firstLba + premap
      const message = `lane ${lane} was interrupted when it had written LBA ${lba} to block ${newBlock}, and before the map says so`
      log.add('write-interrupted', () => ({
        arena: arena.index,
        lane,
        lba,
        block: newBlock,
        offset,
        message,
      }))
    }
  }
  return completed
}
