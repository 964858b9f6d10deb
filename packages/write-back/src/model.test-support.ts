/** Random operations on a device, and the same on plain arrays. */
import fc from 'fast-check'
import type { BlockOperations } from '@bttkit/interfaces'
import { METADATA_SIZE, SECTOR_SIZE } from './btt-image.test-support.ts'

const SECTORS = 40

interface Step {
  readonly kind: 'write' | 'read' | 'zero' | 'writeBytes' | 'zeroBytes' | 'readBytes' | 'flush'
  readonly at: number
  readonly length: number
  readonly seed: number
  readonly hasMetadata: boolean
}

function stepOf(kind: Step['kind'], most: number): fc.Arbitrary<Step> {
  return fc
    .tuple(fc.nat(most), fc.nat(most), fc.integer({ min: 1, max: 255 }), fc.boolean())
    .map(([a, b, seed, hasMetadata]) => ({
      kind,
      at: Math.min(a, b),
      length: Math.abs(a - b),
      seed,
      hasMetadata,
    }))
}

/** Any operations on the first sectors of a device. */
export const steps = fc.array(
  fc.oneof(
    stepOf('write', SECTORS),
    stepOf('read', SECTORS),
    stepOf('zero', SECTORS),
    stepOf('writeBytes', SECTORS * SECTOR_SIZE),
    stepOf('readBytes', SECTORS * SECTOR_SIZE),
    stepOf('zeroBytes', SECTORS * SECTOR_SIZE),
    stepOf('flush', 0),
  ),
  { minLength: 1, maxLength: 40 },
)

const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (seed + i * 31) & 0xff)

/** What the sectors and their metadata shall be. */
export class Model {
  readonly data = new Uint8Array(SECTORS * SECTOR_SIZE)
  readonly metadata = new Uint8Array(SECTORS * METADATA_SIZE)

  /** The same step on the device and here. @throws where they differ */
  apply(device: BlockOperations<void>, { kind, at, length, seed, hasMetadata }: Step): void {
    const unit = kind.endsWith('Bytes') ? 1 : SECTOR_SIZE
    const data = this.data.subarray(at * unit, (at + length) * unit)
    const metadata = this.metadata.subarray(at * METADATA_SIZE, (at + length) * METADATA_SIZE)
    switch (kind) {
      case 'write':
        data.set(pattern(data.length, seed))
        metadata.set(hasMetadata ? pattern(metadata.length, seed + 1) : new Uint8Array(metadata.length))
        device.write(at, data.slice(), hasMetadata ? metadata.slice() : undefined)
        break
      case 'zero':
        data.fill(0)
        metadata.fill(0)
        device.zero(at, length)
        break
      case 'writeBytes':
        data.set(pattern(length, seed))
        this.forgetMetadata(at, length)
        device.writeBytes(at, data.slice())
        break
      case 'zeroBytes':
        data.fill(0)
        this.forgetMetadata(at, length)
        device.zeroBytes(at, length)
        break
      case 'flush':
        device.flush()
        break
      default: {
        const seen = new Uint8Array(data.length).fill(0xcc)
        const seenMetadata = new Uint8Array(metadata.length).fill(0xcc)
        if (kind === 'read') device.read(at, seen, seenMetadata)
        else device.readBytes(at, seen)
        if (Buffer.compare(seen, data) !== 0) throw new Error('the data are others')
        if (kind === 'read' && Buffer.compare(seenMetadata, metadata) !== 0)
          throw new Error('the metadata are others')
      }
    }
  }

  /** Bytes written to whole sectors make their metadata zeros; parts keep it. */
  private forgetMetadata(offset: number, length: number): void {
    const first = Math.ceil(offset / SECTOR_SIZE)
    const end = Math.floor((offset + length) / SECTOR_SIZE)
    if (first < end) this.metadata.fill(0, first * METADATA_SIZE, end * METADATA_SIZE)
  }

  expectOn(device: BlockOperations<void>): void {
    const everything: Step = { kind: 'read', at: 0, length: SECTORS, seed: 0, hasMetadata: true }
    this.apply(device, everything)
  }
}
