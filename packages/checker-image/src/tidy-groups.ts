/** What is wrong in the flog of a lane that can be believed nevertheless: slots that are not in use, and the older one. */
import { FLOG_SLOT_BYTES, encodeFlogEntry, stripFlags } from '@bttkit/btt-format'
import type { ArenaNeeds } from './arena-needs.ts'

export function tidyGroups(needs: ArenaNeeds): void {
  const { draft, arena, groups, lanes: others } = needs
  for (const { code, lane = -1, offset = 0 } of needs.of('flog-padding')) {
    if (others.has(lane)) continue
    const message = `lane ${lane}: a slot that is not in use is filled with zeros`
    draft.store(offset, new Uint8Array(FLOG_SLOT_BYTES))
    draft.note({ code, repair: 'clear-padding', arena: arena.index, lane, offset, message })
  }
  for (const { code, lane = -1, offset = 0 } of needs.of('flog-older-range')) {
    const order = groups.inOrder(lane)
    if (others.has(lane) || order === undefined) continue
    const start = groups.offsetOf(lane)
    const slot = Math.floor((offset - start) / FLOG_SLOT_BYTES) * FLOG_SLOT_BYTES
    const bytes = new Uint8Array(FLOG_SLOT_BYTES)
    // One with a sequence number has to keep it, because only that says that it is the older one.
    if (order.older.seq !== 0) {
      const block = stripFlags(order.newer.newMap)
      const entry = { lba: order.newer.lba, oldMap: block, newMap: block, seq: order.older.seq }
      encodeFlogEntry(new DataView(bytes.buffer), 0, entry)
    }
    draft.store(start + slot, bytes)
    const message = `lane ${lane}: nothing is left in its older slot but the sequence number`
    draft.note({ code, repair: 'clear-older-slot', arena: arena.index, lane, offset: start + slot, message })
  }
}
