/**
 * Whether two images of a driver are the same but for what is free: which block a sector lies in, and with that what the flog tells and what spare blocks hold. It
 * goes with which processor wrote what, and no two runs agree in it.
 */
import {
  FLOG_GROUP_BYTES,
  FlogSlotDetector,
  INFO_BLOCK_BYTES,
  MAP_ENTRY_BYTES,
  decodeInfoBlock,
  mapBlock,
  mapState,
  type InfoBlock,
} from '@bttkit/btt-format'

/** An image of one arena. What is behind the arena, a label area say, is not looked at. */
export interface ComparedImage {
  readonly bytes: Uint8Array
  /** Byte of the arena. */
  readonly arenaAt: number
}

export interface CompareOptions {
  /** Whether uuids are free as well, of which ndctl and libpmemblk make new ones, and what is before the arena: the header of a pool, which has them and times. */
  readonly areUuidsFree: boolean
}

/** Where an info block has them, from their first byte to the one behind; the checksum goes with them. */
const UUIDS_AND_CHECKSUM = [
  [16, 48],
  [4088, 4096],
] as const
/** Of sectors that differ in one way. */
const MOST_LISTED = 5

class Arena {
  readonly info: InfoBlock
  private readonly bytes: Uint8Array
  private readonly view: DataView

  constructor({ bytes, arenaAt }: ComparedImage) {
    this.bytes = bytes.subarray(arenaAt)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    this.info = decodeInfoBlock(this.bytes.subarray(0, INFO_BLOCK_BYTES))
  }

  part(start: number, end: number): Uint8Array {
    return this.bytes.subarray(start, end)
  }

  infoBlock(at: number, { areUuidsFree }: CompareOptions): Uint8Array {
    const block = this.bytes.slice(at, at + INFO_BLOCK_BYTES)
    if (areUuidsFree) for (const [start, end] of UUIDS_AND_CHECKSUM) block.fill(0, start, end)
    return block
  }

  entry(lba: number): number {
    return this.view.getUint32(this.info.mapoff + lba * MAP_ENTRY_BYTES, true)
  }

  /** The whole block of a sector, with metadata and what pads it. */
  block(lba: number): Uint8Array {
    const { dataoff, internalLbasize } = this.info
    const at = dataoff + mapBlock(this.entry(lba), lba) * internalLbasize
    return this.part(at, at + internalLbasize)
  }

  /** The second slot of the flog groups that is in use: 1, or 2 in the old layout. */
  get secondSlot(): number {
    const { logoff, nfree } = this.info
    const detector = new FlogSlotDetector()
    const at = this.bytes.byteOffset + logoff
    detector.examine(new DataView(this.bytes.buffer, at, nfree * FLOG_GROUP_BYTES))
    return detector.slots.second
  }

  /** What nothing is stored in: behind the blocks, the map and the flog. */
  get paddings(): readonly (readonly [name: string, bytes: Uint8Array])[] {
    const { dataoff, internalLbasize, internalNlba, mapoff, externalNlba, logoff, nfree, info2off } =
      this.info
    return [
      ['behind the blocks', this.part(dataoff + internalNlba * internalLbasize, mapoff)],
      ['behind the map', this.part(mapoff + externalNlba * MAP_ENTRY_BYTES, logoff)],
      ['behind the flog', this.part(logoff + nfree * FLOG_GROUP_BYTES, info2off)],
    ]
  }
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

function* sectorProblems(stored: Arena, made: Arena): Generator<string> {
  const lists = new Map<string, number[]>()
  const note = (what: string, lba: number): unknown => lists.set(what, [...(lists.get(what) ?? []), lba])
  for (let lba = 0; lba < stored.info.externalNlba; lba++) {
    if (mapState(stored.entry(lba)) !== mapState(made.entry(lba)))
      note('the state of its map entry differs', lba)
    // What is in the block of a sector that is zeroed or lost, nobody reads.
    const isRead = ['initial', 'normal'].includes(mapState(stored.entry(lba)))
    if (isRead && !isSame(stored.block(lba), made.block(lba))) note('its block differs', lba)
  }
  for (const [what, lbas] of lists)
    yield `${lbas.length} sectors: ${what} (${lbas.slice(0, MOST_LISTED).join(', ')}…)`
}

/** In what two images differ that may not; nothing, if the same driver may have made both by the same writes. */
export function* compareImages(
  storedImage: ComparedImage,
  madeImage: ComparedImage,
  options: CompareOptions,
): Generator<string> {
  if (storedImage.bytes.length !== madeImage.bytes.length) return yield 'their sizes differ'
  const before = ({ bytes, arenaAt }: ComparedImage): Uint8Array => bytes.subarray(0, arenaAt)
  if (!options.areUuidsFree && !isSame(before(storedImage), before(madeImage)))
    yield 'what is before the arena differs'
  const [stored, made] = [new Arena(storedImage), new Arena(madeImage)]
  if (!isSame(stored.infoBlock(0, options), made.infoBlock(0, options)))
    return yield 'their info blocks differ'
  const { info2off } = stored.info
  if (!isSame(stored.infoBlock(info2off, options), made.infoBlock(info2off, options)))
    yield 'the backups of their info blocks differ'
  for (const [i, [name, bytes]] of stored.paddings.entries())
    if (!isSame(bytes, made.paddings[i]?.[1] ?? new Uint8Array())) yield `what is ${name} differs`
  if (stored.secondSlot !== made.secondSlot) yield 'their flogs are in different slots'
  yield* sectorProblems(stored, made)
}
