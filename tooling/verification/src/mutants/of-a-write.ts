/** The order of steps of a write, its flog entry, and its free block. */
import type { PatchedMutant } from './mutant.ts'

const WRITE = 'packages/btt/src/write-range.ts'
const FLOG = 'packages/btt/src/arena-flog.ts'
const SEQUENCE = 'packages/btt-format/src/flog.ts'

const STORE_MAP_ENTRY = `        if ((wait = arena.storeEntry(lane, premap, normalEntry(block))) !== undefined)
          yield section.waitFor(wait)
        arena.cacheStored(lane, premap, premap + 1)
        if ((wait = arena.persistEntries(lane, premap)) !== undefined) yield section.waitFor(wait)
`

export const MUTANTS_OF_A_WRITE: readonly PatchedMutant[] = [
  {
    name: 'halves-swapped',
    wrong:
      'The half of a flog entry with the sequence number is stored before the half with the LBA and the old block.',
    rule: '6: half 0 becomes durable before half 1',
    patch: {
      file: FLOG,
      find: 'const within = half * FLOG_HALF_BYTES',
      replace: 'const within = (1 - half) * FLOG_HALF_BYTES',
    },
  },
  {
    name: 'halves-merged',
    wrong:
      'Both halves of a flog entry share one flush on storage that does not keep the order of stores to one line.',
    rule: '6: half 0 becomes durable before half 1',
    patch: {
      file: FLOG,
      find: 'this.mergesHalves = mergesFlogHalves(storage.provider.capabilities, start)',
      replace: 'this.mergesHalves = true',
    },
  },
  {
    name: 'map-before-flog',
    wrong: 'The map entry is stored and made durable before the flog entry.',
    rule: '6: the flog is durable before the map',
    patch: {
      file: WRITE,
      find: `        isInDoubt = true
        if ((wait = arena.flog.storeHalf(lane, 0))`,
      replace: `        isInDoubt = true
        const mapLine = arena.buffers.bytes.slice(arena.buffers.mapLineAt(lane), arena.buffers.mapLineAt(lane) + 4)
        if ((wait = arena.storeEntry(lane, premap, normalEntry(block))) !== undefined) yield section.waitFor(wait)
        if ((wait = arena.persistEntries(lane, premap)) !== undefined) yield section.waitFor(wait)
        arena.buffers.bytes.set(mapLine, arena.buffers.mapLineAt(lane))
        if ((wait = arena.flog.storeHalf(lane, 0))`,
    },
  },
  {
    name: 'free-list-early',
    wrong:
      'The free list advances when the flog entry is durable, before the map entry is stored, and a failure of the map store is no reason to stop (as in Linux).',
    rule: '12: the free list advances only after the map entry is durable',
    patch: {
      file: WRITE,
      find: STORE_MAP_ENTRY,
      replace: `        arena.flog.advance(lane, old, isBad)
        isInDoubt = false
        if ((wait = arena.storeEntry(lane, premap, normalEntry(block))) !== undefined) yield section.waitFor(wait)
        if ((wait = arena.persistEntries(lane, premap)) !== undefined) yield section.waitFor(wait)
        done += count
        continue
`,
    },
  },
  {
    name: 'map-failure-ignored',
    wrong: 'A store of the map entry that fails is taken for done.',
    rule: '12: a failure between the first flog store and the durable map entry stops the arena',
    patch: {
      file: WRITE,
      find: STORE_MAP_ENTRY,
      replace: `        try {
${STORE_MAP_ENTRY}        } catch {}
`,
    },
  },
  {
    name: 'no-error-state',
    wrong: 'A write that failed half-way leaves its arena open for more writes.',
    rule: '12: a failure between the first flog store and the durable map entry stops the arena',
    patch: {
      file: WRITE,
      find: 'if (isInDoubt) arena.enterErrorState(error)',
      replace: 'isInDoubt = false',
    },
  },
  {
    name: 'flush-failure-forgotten',
    wrong: 'A flush that failed is told to its caller, and not to the arenas, which go on writing.',
    rule: 'after a flush that failed no arena takes writes',
    patch: {
      file: 'packages/btt/src/storage.ts',
      find: `    this.flushFailure ??= error
    this.onFlushFailure?.()
    throw error`,
      replace: '    throw error',
    },
  },
  {
    name: 'lane-released-early',
    wrong:
      'The lane is given back after the flog entry is durable, before the map entry is, and the free list advances later.',
    rule: '11: nothing of a lane is touched after its release',
    patch: {
      file: WRITE,
      find: STORE_MAP_ENTRY,
      replace: `        section.leave()
${STORE_MAP_ENTRY}`,
    },
  },
  {
    name: 'map-unlocked-early',
    wrong: 'The map lock is given back before the map entry is durable.',
    rule: '8: a map entry changes only from a value that is durable',
    patch: {
      file: WRITE,
      find: STORE_MAP_ENTRY,
      replace: `        if ((wait = arena.storeEntry(lane, premap, normalEntry(block))) !== undefined)
          yield section.waitFor(wait)
        section.unlock(arena, mapLock)
        section.unlock = () => delete section.unlock
        if ((wait = arena.persistEntries(lane, premap)) !== undefined) yield section.waitFor(wait)
`,
    },
  },
  {
    name: 'slot-not-flipped',
    wrong: 'A lane writes each flog entry into the same slot, over the only one that is valid.',
    rule: '6: there is a complete flog entry at each moment',
    patch: {
      file: FLOG,
      find: 'lanePosition((position & SECOND_SLOT) === 0, nextSeq',
      replace: 'lanePosition((position & SECOND_SLOT) !== 0, nextSeq',
    },
  },
  {
    name: 'sequence-not-wrapped',
    wrong: 'The sequence number after 3 is 4.',
    rule: 'sequence numbers go 1, 2, 3, 1',
    patch: {
      file: SEQUENCE,
      find: 'return seq === 3 ? 1 : seq + 1',
      replace: 'return seq + 1',
    },
  },
  {
    name: 'equal-sequence-accepted',
    wrong: 'Of two flog slots with the same sequence number the second counts as the newer one.',
    rule: 'what is read from media is hostile until checked',
    patch: {
      file: SEQUENCE,
      find: 'if (first > 3 || second > 3) return undefined',
      replace: 'if (first > 3 || second > 3) return undefined\n  if (first === second) return 1',
    },
  },
  {
    name: 'write-through-failure-ignored',
    wrong: 'A write-through that fails is taken for done.',
    rule: '6: the data are durable before flog half 1 is stored',
    patch: {
      file: 'packages/btt/src/storage.ts',
      find: `      return this.remembering(provider.writeThrough?.(offset, source, start, length))
    } catch (error) {
      this.fail(error)`,
      replace: `      return this.remembering(provider.writeThrough?.(offset, source, start, length))
    } catch {
      return undefined`,
    },
  },
  {
    name: 'part-without-second-look',
    wrong:
      'A write of a part of a sector does not look whether somebody wrote the sector since its old content was read.',
    rule: '8: a map entry changes only from a value that was read under its lock',
    patch: {
      file: WRITE,
      find: 'if (expected !== ANY_ENTRY && entry !== expected) continue',
      replace: '',
    },
  },
]
