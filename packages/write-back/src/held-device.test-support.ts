/** A device under a write-back cache that writes down what it is asked for, and whose calls can be held, or fail. */
import type { BlockOperations, Sleepable, Wait } from '@bttkit/interfaces'
import type { WriteBackTarget } from './index.ts'

export const SECTOR_SIZE = 512

export const fill = (byte: number, sectors = 1): Uint8Array =>
  new Uint8Array(SECTOR_SIZE * sectors).fill(byte)

/** Lets everything go on that can. */
export const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

export class HeldDevice implements WriteBackTarget, BlockOperations<Sleepable<void>> {
  readonly info = { image: 'held' }
  readonly sectorSize = SECTOR_SIZE
  readonly sectorCount: number
  readonly metadataSize = 8
  readonly mayWait: boolean
  readonly readOnly: boolean = false
  readonly sleepable = this
  /** The content of the sectors, each with its metadata behind it. */
  readonly bytes: Uint8Array
  /** As `write 3+2`. */
  readonly calls: string[] = []
  /** Whether calls of a kind wait until they are let go on. */
  isHeld: (call: string) => boolean = () => false
  /** What a call fails with. */
  failure: (call: string) => Error | undefined = () => undefined
  private held: (() => void)[] = []

  constructor({ mayWait = true, sectorCount = 64 }: { mayWait?: boolean; sectorCount?: number } = {}) {
    this.mayWait = mayWait
    this.sectorCount = sectorCount
    this.bytes = new Uint8Array(sectorCount * (this.sectorSize + this.metadataSize))
  }

  get heldCount(): number {
    return this.held.length
  }

  /** Lets the calls go on that are held, and what follows from it. */
  async letGo(): Promise<void> {
    const { held } = this
    this.held = []
    for (const goOn of held) goOn()
    await settle()
  }

  /** The byte that a sector is full of. */
  byteOf(lba: number): number | undefined {
    const sector = this.sector(lba).subarray(0, SECTOR_SIZE)
    return sector.every((byte) => byte === sector[0]) ? sector[0] : undefined
  }

  *read(lba: number, target: Uint8Array, metadata?: Uint8Array): Sleepable<void> {
    const count = target.length / SECTOR_SIZE
    yield* this.call(
      `read ${lba}+${count}`,
      (each) => {
        target.set(this.sector(lba + each).subarray(0, SECTOR_SIZE), each * SECTOR_SIZE)
        metadata?.set(this.sector(lba + each).subarray(SECTOR_SIZE), each * this.metadataSize)
      },
      count,
    )
  }

  *write(lba: number, source: Uint8Array, metadata?: Uint8Array): Sleepable<void> {
    const count = source.length / SECTOR_SIZE
    yield* this.call(
      `write ${lba}+${count}`,
      (each) => {
        const sector = this.sector(lba + each)
        sector.fill(0).set(source.subarray(each * SECTOR_SIZE, (each + 1) * SECTOR_SIZE))
        if (metadata !== undefined)
          sector.set(metadata.subarray(each * this.metadataSize, (each + 1) * this.metadataSize), SECTOR_SIZE)
      },
      count,
    )
  }

  *zero(lba: number, count: number): Sleepable<void> {
    yield* this.call(`zero ${lba}+${count}`, (each) => void this.sector(lba + each).fill(0), count)
  }

  *flush(): Sleepable<void> {
    yield* this.call('flush')
  }

  *readBytes(offset: number, target: Uint8Array): Sleepable<void> {
    yield* this.call(`read bytes ${offset}+${target.length}`)
    for (let i = 0; i < target.length; i++) {
      const lba = Math.floor((offset + i) / SECTOR_SIZE)
      target[i] = this.sector(lba)[(offset + i) % SECTOR_SIZE] ?? 0
    }
  }

  writeBytes(): Sleepable<void> {
    throw new TypeError('a cache writes whole sectors')
  }

  zeroBytes(): Sleepable<void> {
    throw new TypeError('a cache zeroes whole sectors')
  }

  *close(): Sleepable<void> {
    yield* this.call('close')
  }

  private sector(lba: number): Uint8Array {
    const length = this.sectorSize + this.metadataSize
    return this.bytes.subarray(lba * length, (lba + 1) * length)
  }

  private *call(call: string, body: (each: number) => void = () => {}, count = 0): Sleepable<void> {
    this.calls.push(call)
    const make = (): void => {
      for (let each = 0; each < count; each++) body(each)
    }
    // A read has what was there when it began.
    const isRead = call.startsWith('read')
    if (isRead) make()
    if (this.isHeld(call)) yield this.hold()
    const failure = this.failure(call)
    if (failure !== undefined) throw failure
    if (!isRead) make()
  }

  private hold(): Wait {
    let isOver = false
    const end = new Promise<void>((resolve) => {
      this.held.push(() => {
        isOver = true
        resolve()
      })
    })
    return Object.assign(end, {
      on: { object: 'provider', kind: 'write', start: 0, end: 1 } as const,
      ready: () => isOver,
    })
  }
}
