/** A libpmemblk pool that was never written: it gets its BTT with its first write, and until then every block of it reads as zeros. */
import {
  ReadOnlyError,
  type BlockOperations,
  type BttDevice,
  type BttInfo,
  type DeviceShare,
  type DeviceStatistics,
  type Sleepable,
} from '@bttkit/interfaces'
import { layOutPool } from '@bttkit/btt-format'
import { checkByteRange, checkSectorRange, type DeviceShape } from './check-request.ts'
import { DrivenOperations, DriverChoice } from './driven-operations.ts'
import type { UnwrittenPool } from './find-btt.ts'
import type { Storage } from './storage.ts'

class ZeroOperations implements BlockOperations<Sleepable<void>> {
  private readonly storage: Storage
  private readonly shape: DeviceShape

  constructor(storage: Storage, shape: DeviceShape) {
    this.storage = storage
    this.shape = shape
  }

  *read(lba: number, target: Uint8Array, metadata?: Uint8Array): Sleepable<void> {
    checkSectorRange(this.shape, lba, target, metadata)
    target.fill(0)
  }

  *readBytes(offset: number, target: Uint8Array): Sleepable<void> {
    checkByteRange(this.shape, offset, target.length)
    target.fill(0)
  }

  write(): Sleepable<void> {
    return this.refuse()
  }

  zero(): Sleepable<void> {
    return this.refuse()
  }

  writeBytes(): Sleepable<void> {
    return this.refuse()
  }

  zeroBytes(): Sleepable<void> {
    return this.refuse()
  }

  *flush(): Sleepable<void> {}

  *close(): Sleepable<void> {
    const wait = this.storage.provider.close()
    if (wait !== undefined) yield wait
  }

  private refuse(): never {
    throw new ReadOnlyError(
      { image: this.storage.name },
      'the pool has no BTT yet and is attached for reading only',
    )
  }
}

class PoolWithoutLayout extends DrivenOperations implements BttDevice {
  readonly info: BttInfo
  readonly sectorSize: number
  readonly sectorCount: number
  readonly metadataSize = 0
  readonly readOnly = true
  readonly mayWait = false
  readonly zeroing = 'flags'

  constructor(storage: Storage, info: BttInfo) {
    super(new ZeroOperations(storage, info), new DriverChoice(storage.name))
    this.info = info
    this.sectorSize = info.sectorSize
    this.sectorCount = info.sectorCount
  }

  statistics(): DeviceStatistics {
    return {
      reads: 0,
      writes: 0,
      zeroes: 0,
      bytesRead: 0,
      bytesWritten: 0,
      flushes: 0,
      lanesInUse: 0,
      lanes: [],
    }
  }

  share(): DeviceShare {
    throw new TypeError(`${this.info.image} has no BTT yet: there is nothing that threads could share`)
  }
}

/** What is known of the BTT that the pool will get, by libpmemblk's arithmetic. */
export function describePoolWithoutLayout(storage: Storage, found: UnwrittenPool): BttInfo {
  const { pool } = found
  const { blockSize } = pool
  const arenas = layOutPool(storage.size, pool)
  return {
    image: storage.name,
    namespaceOffset: found.namespaceOffset,
    format: { version: '1.1', dialect: 'pmdk', logLayout: '0,1' },
    sectorSize: blockSize,
    metadataSize: 0,
    sectorCount: arenas.reduce((sum, arena) => sum + arena.externalNlba, 0),
    state: 'clean',
    problems: ['the pool was never written: it has no BTT yet, and every block reads as zeros'],
    arenas: [],
  }
}

/** A read-only device of the size that the pool will have, all zeros. */
export function attachPoolWithoutLayout(storage: Storage, found: UnwrittenPool): BttDevice {
  return new PoolWithoutLayout(storage, describePoolWithoutLayout(storage, found))
}
