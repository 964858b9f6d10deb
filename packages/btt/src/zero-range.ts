/** Zeroing a range of bytes: whole sectors by flags or by data, what is left at either end by writing zeros over a part of its sector. */
import type { Sleepable } from '@bttkit/interfaces'
import { refuseIfItCouldWait } from './atomic-precheck.ts'
import type { Attachment } from './attachment.ts'
import { takeLaneHint } from './batch-sector.ts'
import { writeRange } from './write-range.ts'
import { zeroByData } from './zero-by-data.ts'
import { zeroByFlags } from './zero-by-flags.ts'

export function* zeroRange(attachment: Attachment, offset: number, length: number): Sleepable<void> {
  const { sectorSize, gate, zeroing } = attachment
  const end = offset + length
  const firstWhole = Math.min(Math.ceil(offset / sectorSize) * sectorSize, end)
  const endWhole = Math.max(Math.floor(end / sectorSize) * sectorSize, firstWhole)
  gate.enter('zeroing')
  const zeroSectors = zeroing === 'data' ? zeroByData : zeroByFlags
  try {
    refuseIfItCouldWait(attachment, offset, length)
    // One hint: where the first part got a lane without waiting, an operation that must not sleep gets one for the others.
    const laneHint = zeroing === 'data' ? takeLaneHint(attachment, length) : attachment.laneHint++
    if (offset < firstWhole)
      yield* writeRange(attachment, { offset, length: firstWhole - offset, partOfLaneHint: laneHint })
    if (firstWhole < endWhole)
      yield* zeroSectors(attachment, firstWhole / sectorSize, endWhole / sectorSize, laneHint)
    if (endWhole < end)
      yield* writeRange(attachment, { offset: endWhole, length: end - endWhole, partOfLaneHint: laneHint })
    attachment.counters.countZero()
  } finally {
    gate.leave()
  }
}
