/** Every image, read with nothing but the codecs: what the manifests' own tools found must come out. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  GENERATION_READ_ERROR,
  GENERATION_TORN,
  finalGeneration,
  kernelImages,
  poolImages,
  poolPattern,
  readKernelPattern,
} from '@bttkit/fixtures'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  FlogSlotDetector,
  INFO_BLOCK_BYTES,
  decodeFlogEntry,
  decodeInfoBlock,
  mapBlock,
  mapState,
  newerOf,
  normalEntry,
  sectorShape,
  stripFlags,
  type FlogEntry,
  type FlogSlots,
  type InfoBlock,
  type MapState,
} from './index.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface Lane {
  readonly seq: readonly [number, number]
  readonly newer: 0 | 1 | undefined
  readonly entry: FlogEntry | undefined
}

interface Pending {
  readonly lane: number
  readonly entry: FlogEntry
}

/** One arena of an image. */
class Arena {
  readonly info: InfoBlock
  readonly slots: FlogSlots
  readonly conflictingGroup: number | undefined
  private readonly bytes: Uint8Array
  private readonly view: DataView

  constructor(image: Uint8Array, at: number, infoAt: number) {
    this.info = decodeInfoBlock(image.subarray(infoAt, infoAt + INFO_BLOCK_BYTES))
    this.bytes = image.subarray(at)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    const detector = new FlogSlotDetector()
    // In pieces of 100 groups, as a reader of a large flog does.
    for (let lane = 0; lane < this.info.nfree; lane += 100) detector.examine(this.groups(lane, 100))
    this.slots = detector.slots
    this.conflictingGroup = detector.conflictingGroup
  }

  private groups(start: number, most: number): DataView {
    const at = this.info.logoff + start * FLOG_GROUP_BYTES
    const length = Math.min(most, this.info.nfree - start) * FLOG_GROUP_BYTES
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, length)
  }

  get rawMap(): Uint8Array {
    return this.bytes.subarray(this.info.mapoff, this.info.mapoff + 4 * this.info.externalNlba)
  }

  mapEntry(lba: number): number {
    return this.view.getUint32(this.info.mapoff + 4 * lba, true)
  }

  lane(lane: number): Lane {
    const group = this.info.logoff + lane * FLOG_GROUP_BYTES
    const first = decodeFlogEntry(this.view, group + this.slots.first * FLOG_SLOT_BYTES)
    const second = decodeFlogEntry(this.view, group + this.slots.second * FLOG_SLOT_BYTES)
    const newer = newerOf(first.seq, second.seq)
    return {
      seq: [first.seq, second.seq],
      newer,
      entry: newer === undefined ? undefined : [first, second][newer],
    }
  }

  lanes(): Lane[] {
    return Array.from({ length: this.info.nfree }, (_, lane) => this.lane(lane))
  }

  /** The lanes whose last write is not in the map yet: it still has the old block. */
  pending(): Pending[] {
    return this.lanes().flatMap(({ entry }, lane) => {
      if (entry === undefined || stripFlags(entry.oldMap) === stripFlags(entry.newMap)) return []
      return mapBlock(this.mapEntry(entry.lba), entry.lba) === stripFlags(entry.oldMap)
        ? [{ lane, entry }]
        : []
    })
  }

  recover(): void {
    for (const { entry } of this.pending()) {
      this.view.setUint32(this.info.mapoff + 4 * entry.lba, normalEntry(stripFlags(entry.newMap)), true)
    }
  }

  lbas(): number[] {
    return Array.from({ length: this.info.externalNlba }, (_, lba) => lba)
  }

  states(): Record<MapState, number> {
    const counts: Record<MapState, number> = { initial: 0, error: 0, zero: 0, normal: 0 }
    for (const lba of this.lbas()) counts[mapState(this.mapEntry(lba))]++
    return counts
  }

  lbasIn(state: MapState): number[] {
    return this.lbas().filter((lba) => mapState(this.mapEntry(lba)) === state)
  }

  /** The data of the block that an LBA holds; `undefined` where there is no such block. */
  block(lba: number, sizeBytes: number): Uint8Array | undefined {
    const block = mapBlock(this.mapEntry(lba), lba)
    if (block >= this.info.internalNlba) return undefined
    const start = this.info.dataoff + block * this.info.internalLbasize
    return this.bytes.subarray(start, start + sizeBytes)
  }
}

function count(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

/** For `test.each`: a test that only some images have. The others do not even count it as skipped. */
const where = (applies: boolean): object[] => (applies ? [{}] : [])

/** Reads an image once for the tests of a `describe`: as it is, and recovered. */
function opened(
  bytes: () => Uint8Array,
  at: number,
  infoAt: number,
): { readonly found: Arena; readonly recovered: Arena } {
  const arenas: { found?: Arena; recovered?: Arena } = {}
  beforeAll(() => {
    const image = bytes()
    arenas.found = new Arena(image, at, infoAt)
    arenas.recovered = new Arena(image.slice(), at, infoAt)
    arenas.recovered.recover()
  })
  afterAll(() => {
    delete arenas.found
    delete arenas.recovered
  })
  function get(arena: Arena | undefined): Arena {
    if (arena === undefined) throw new Error('the image was asked for outside of a test')
    return arena
  }
  return {
    get found() {
      return get(arenas.found)
    },
    get recovered() {
      return get(arenas.recovered)
    },
  }
}

const kernel = kernelImages().flatMap((image) =>
  (image.manifest.arenas ?? []).map((expected) => ({ name: image.name, image, expected })),
)

/** The newer number, then the older one, as the manifests count them. */
function seqPair({ seq, newer }: Lane): string {
  if (newer === undefined) return 'bad'
  return newer === 0 ? `${seq[0]}${seq[1]}` : `${seq[1]}${seq[0]}`
}

describe.each(kernel)('$name', ({ image, expected }) => {
  const { manifest, kind } = image
  const infoAt = expected.infoSource === 'primary' ? expected.at : expected.at + expected.info.info2off
  const arena = opened(() => image.bytes(), expected.at, infoAt)

  /** What a sector is after recovery; `undefined` where it has no block. The kernel reads the identity block of an initial entry. */
  const sector = (lba: number): Uint8Array | undefined =>
    arena.recovered.block(lba, sectorShape(arena.recovered.info.externalLbasize).sectorSize)

  function generation(lba: number): number {
    const content = sector(lba)
    return content === undefined ? GENERATION_READ_ERROR : readKernelPattern(lba, content)
  }

  test('the flog slots in use', () => {
    expect([arena.found.slots.first, arena.found.slots.second]).toEqual(expected.logSlots)
    expect(arena.found.conflictingGroup).toBeUndefined()
  })

  test('how many lanes have which sequence numbers', () => {
    expect(count(arena.found.lanes().map(seqPair))).toEqual(expected.seqPairs)
  })

  test('how many map entries are in each state', () => {
    expect(arena.found.states()).toEqual(expected.mapFlags)
  })

  test('the lanes whose last write is not in the map', () => {
    const pending = arena.found.pending().map(({ lane, entry }) => {
      return { lane, lba: entry.lba, old: stripFlags(entry.oldMap), new: stripFlags(entry.newMap) }
    })
    expect(pending).toEqual(expected.pendingRecovery)
    expect(arena.recovered.pending()).toEqual([])
  })

  // bad-map-oob has a sector that cannot be read; what its manifest counts in its place is the tool's own.
  test.each(where(image.name !== 'bad-map-oob'))('the content of the block device', () => {
    const hash = createHash('sha256')
    for (const lba of arena.recovered.lbas()) hash.update(sector(lba) ?? '')
    expect(hash.digest('hex')).toBe(manifest.logical?.sha256)
  })

  test.each(where(kind === 'clean'))('every sector is what the workload wrote last', () => {
    const wrong = arena.recovered
      .lbas()
      .filter((lba) => generation(lba) !== finalGeneration(manifest.pattern, lba))
    expect(wrong).toEqual([])
  })

  test.each(where(manifest.sidecars?.['kernel-gens'] !== undefined))(
    'every sector is what the kernel read',
    () => {
      const read = image.kernelGenerations()
      expect(read).toHaveLength(arena.recovered.info.externalNlba)
      const different = arena.recovered.lbas().filter((lba) => generation(lba) !== read?.[lba])
      // Linux does not look whether there is such a block, and read what lies there: no sector of anybody.
      const withoutBlock = arena.recovered.lbas().filter((lba) => sector(lba) === undefined)
      expect(different).toEqual(withoutBlock)
      expect(withoutBlock.every((lba) => read?.[lba] === GENERATION_TORN)).toBe(true)
    },
  )

  // The manifest: map[256] = internal_nlba + 3.
  test.each(where(image.name === 'bad-map-oob'))('the one sector that has no block', () => {
    expect(arena.found.lbas().filter((lba) => sector(lba) === undefined)).toEqual([256])
  })

  test.each(where(kind === 'crash'))('every sector is the one before the crash or the one begun', () => {
    const { returned, begun } = image.crashGenerations() ?? {}
    expect(returned).toHaveLength(arena.recovered.info.externalNlba)
    const wrong = arena.recovered
      .lbas()
      .filter((lba) => ![returned?.[lba], begun?.[lba]].includes(generation(lba)))
    expect(wrong).toEqual([])
  })
})

const pools = poolImages().flatMap((image) =>
  (image.manifest.arenas ?? []).map(({ offset }) => ({ name: image.name, image, offset })),
)

describe.each(pools)('$name', ({ image, offset }) => {
  const { manifest } = image
  const arena = opened(() => image.bytes(), offset, offset)

  /** What a block is after recovery; one in error as the manifests' tool has it. */
  function block(lba: number): Uint8Array {
    const state = mapState(arena.recovered.mapEntry(lba))
    if (state === 'normal') return arena.recovered.block(lba, manifest.bsize) ?? new Uint8Array()
    return new Uint8Array(manifest.bsize).fill(state === 'error' ? 0xee : 0)
  }

  test('the flog slots in use', () => {
    expect(arena.found.slots).toEqual({ first: 0, second: 1 })
    expect(arena.found.conflictingGroup).toBeUndefined()
  })

  test('the map is where the info block says', () => {
    expect(sha256(arena.found.rawMap)).toBe(manifest.map_sha256)
  })

  test('the newer sequence numbers of its lanes', () => {
    const newer = arena.found.lanes().map(({ entry }) => String(entry?.seq))
    expect(count(newer)).toEqual(manifest.flog_current_seq_counts)
  })

  test('the flog entries that the manifest samples', () => {
    const samples = manifest.flog_sample ?? []
    expect(samples.length).toBeGreaterThan(0)
    for (const { lane, current, seq, lba, old_map: oldMap, new_map: newMap } of samples) {
      const found = arena.found.lane(lane)
      expect(found).toMatchObject({ seq, newer: current })
      expect(found.entry).toMatchObject({ lba, oldMap: Number(oldMap), newMap: Number(newMap) })
    }
  })

  test('the lanes whose last write is not in the map', () => {
    const lanes = arena.found.pending().map(({ lane }) => lane)
    expect(lanes).toEqual(manifest.recovery?.in_flight_lanes ?? [])
  })

  test('how many map entries are in each state after recovery', () => {
    expect(arena.recovered.states()).toEqual({ initial: 0, error: 0, zero: 0, normal: 0, ...manifest.counts })
  })

  test('which blocks are in error and which are zeros', () => {
    expect(arena.recovered.lbasIn('error')).toEqual(manifest.error_lbas)
    expect(arena.recovered.lbasIn('zero')).toEqual(manifest.zero_lbas)
  })

  test.each(where(image.kind === 'crash'))('recovery changes the map as libpmemblk does', () => {
    const { recovery } = manifest
    const changes = recovery?.map_entries_to_change ?? []
    expect(arena.found.states()).toEqual(recovery?.counts_without_recovery)
    expect(changes.map(({ lba }) => arena.found.mapEntry(lba))).toEqual(
      changes.map(({ from }) => Number(from.raw)),
    )
    expect(changes.map(({ lba }) => arena.recovered.mapEntry(lba))).toEqual(
      changes.map(({ to }) => Number(to.raw)),
    )
    expect(sha256(arena.recovered.rawMap)).toBe(recovery?.map_sha256_after)
  })

  test('the content of all blocks', () => {
    const hash = createHash('sha256')
    for (const lba of arena.recovered.lbas()) hash.update(block(lba))
    expect(hash.digest('hex')).toBe(manifest.logical_sha256)
  })

  test('the generations that the manifest samples', () => {
    const samples = Object.entries(manifest.sample_generations ?? {}).map(([lba, generation]) => ({
      lba: Number(lba),
      generation,
    }))
    expect(samples.length).toBeGreaterThan(0)
    const wrong = samples.filter(
      ({ lba, generation }) => Buffer.compare(block(lba), poolPattern(lba, generation, manifest.bsize)) !== 0,
    )
    expect(wrong).toEqual([])
  })
})
