/** Small images, made by the engine that is checked. */
import {
  decodeInfoBlock,
  encodeInfoBlock,
  errorEntry,
  mapBlock,
  nextSeq,
  normalEntry,
  stripFlags,
} from '@bttkit/btt-format'
import type { ArenaInfo, CreateOptions, Engine, PmemProvider } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'

/** The smallest arena, and the page before its info block. */
const ARENA_BYTES = 16 * 2 ** 20 + 4096
const INFO_OFFSET = 4096
export const IMAGE_BYTES = INFO_OFFSET + ARENA_BYTES
const WRITTEN_SECTORS = 40

/** The byte that fills a sector of `smallImage`. */
export function initialFill(lba: number): number {
  return lba < WRITTEN_SECTORS ? 0x80 + lba : 0
}

const IMAGE_UUID = '11111111-2222-3333-4444-555555555555'

function contentOf(memory: PmemProvider): Uint8Array {
  const bytes = new Uint8Array(memory.size)
  void memory.read(0, bytes)
  return bytes
}

/** One arena with two lanes; the first 40 sectors are written, each with a byte of its own. */
export function smallImage(engine: Engine, externalLbasize = 512, options: CreateOptions = {}): Uint8Array {
  const memory = new PowerFailMemory({ media: IMAGE_BYTES, model: 'strict' })
  runAtomic(engine.create(memory, { externalLbasize, nfree: 2, uuid: IMAGE_UUID, ...options }))
  const device = runAtomic(engine.attach(memory))
  for (let lba = 0; lba < WRITTEN_SECTORS; lba++)
    runAtomic(device.sleepable.write(lba, new Uint8Array(device.sectorSize).fill(initialFill(lba))))
  return contentOf(memory)
}

/** Two arenas of that kind, the second with fewer spare blocks. Linux accepts it: the distance to the next arena may be any that leaves room. */
export function twoArenas(engine: Engine): Uint8Array {
  const both = new Uint8Array(INFO_OFFSET + 2 * ARENA_BYTES)
  for (const [index, nfree] of [4, 2].entries()) {
    const one = smallImage(engine, 512, { nfree })
    const start = INFO_OFFSET + index * ARENA_BYTES
    both.set(one.subarray(INFO_OFFSET, IMAGE_BYTES), start)
    const nextoff = index === 0 ? ARENA_BYTES : 0
    const info = { ...decodeInfoBlock(both.subarray(start, start + 4096)), nextoff }
    both.set(encodeInfoBlock(info), start)
    both.set(encodeInfoBlock(info), start + info.info2off)
  }
  return both
}

const [OLD, SEQ] = [1, 3]

/** Where things are in an image with one arena. */
export class ImageView {
  readonly arena: ArenaInfo
  private readonly view: DataView

  constructor(engine: Engine, image: Uint8Array) {
    const memory = new PowerFailMemory({ media: image, model: 'strict' })
    const [arena] = runAtomic(engine.attach(memory, { readOnly: true })).info.arenas
    if (arena === undefined) throw new RangeError('an image has an arena')
    this.arena = arena
    this.view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  }

  get mapOffset(): number {
    return this.arena.offset + this.arena.mapoff
  }

  get flogOffset(): number {
    return this.arena.offset + this.arena.logoff
  }

  entry(lba: number): number {
    return this.view.getUint32(this.mapOffset + lba * 4, true)
  }

  setEntry(lba: number, entry: number): void {
    this.view.setUint32(this.mapOffset + lba * 4, entry, true)
  }

  blockOf(lba: number): number {
    return mapBlock(this.entry(lba), lba)
  }

  /** Byte of the storage at which a block begins. */
  blockOffset(block: number): number {
    return this.arena.offset + this.arena.dataoff + block * this.arena.internalLbasize
  }

  /** Byte of the image at which a slot of a lane's flog group begins. */
  slotOffset(lane: number, slot: number): number {
    return this.flogOffset + lane * 64 + slot * 16
  }

  /** The slot of the newer entry of a lane that has written. */
  newerSlot(lane: number): 0 | 1 {
    const [first, second] = [this.flogWord(lane, 0, SEQ), this.flogWord(lane, 1, SEQ)]
    return nextSeq(first) === second ? 1 : 0
  }

  freeBlock(lane: number): number {
    return stripFlags(this.flogWord(lane, this.newerSlot(lane), OLD))
  }

  /** @param word 0 to 3: the LBA, the old block, the new block, the sequence number */
  flogWord(lane: number, slot: number, word: number): number {
    return this.view.getUint32(this.slotOffset(lane, slot) + word * 4, true)
  }

  setFlogWord(lane: number, slot: number, word: number, value: number): void {
    this.view.setUint32(this.slotOffset(lane, slot) + word * 4, value, true)
  }
}

/** The image with these sectors in the error state. */
export function withLostSectors(engine: Engine, image: Uint8Array, lbas: readonly number[]): Uint8Array {
  const bytes = image.slice()
  const view = new ImageView(engine, bytes)
  for (const lba of lbas) view.setEntry(lba, errorEntry(view.blockOf(lba)))
  return bytes
}

/** The image as if the map entry of the last write of a lane had never been stored. Its flog entry is whole, so an attach completes the write. */
export function withInterruptedWrite(engine: Engine, image: Uint8Array, lane: number): Uint8Array {
  const bytes = image.slice()
  const view = new ImageView(engine, bytes)
  const slot = view.newerSlot(lane)
  view.setEntry(view.flogWord(lane, slot, 0), normalEntry(view.freeBlock(lane)))
  return bytes
}
