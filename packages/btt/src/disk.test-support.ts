/** What a storage of `storages` keeps for one test, and the device on it, driven as the storage allows. */
import {
  type AttachOptions,
  type BlockOperations,
  type BttDevice,
  type CreateOptions,
  type PmemProvider,
  type ProviderShare,
  type Sleepable,
} from '@bttkit/interfaces'
import { runAsync, runAtomic, runBlocking } from '@bttkit/sleepable'
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engine } from './engine.test-support.ts'
import type { BttEngine } from './engine.ts'
import type { StorageDriver, TestStorage } from './storages.test-support.ts'

/** Where files cost no disk. That they survive a power cut is nothing that these tests could see. */
const FILES = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

type Layer = (provider: PmemProvider) => PmemProvider

const noLayer: Layer = (provider) => provider

/** Layers of the test's own, above and below those of the storage. Where they may wait, operations are driven asynchronously. */
export interface OwnLayers {
  readonly over?: Layer
  readonly under?: Layer
}

export interface AttachHow extends AttachOptions, OwnLayers {
  /** Default: that on mutexes. */
  readonly by?: BttEngine
}

export class Disk {
  readonly storage: TestStorage
  private readonly where: Uint8Array | string
  private readonly folder: string | undefined
  private readonly opened: PmemProvider[] = []
  /** Goes back to the spare memory with the disk. */
  private readonly lent: Uint8Array[] = []

  /** Holds a copy of the content. `threads`: memory is such as threads can share. */
  constructor(storage: TestStorage, content: Uint8Array, threads = false) {
    this.storage = storage
    const { start, base } = storage
    if (base.medium === 'file') {
      this.folder = mkdtempSync(join(FILES, 'bttkit-engine-'))
      this.where = join(this.folder, 'disk.img')
      writeChunks(this.where, start, content)
    } else if (threads) {
      this.where = new Uint8Array(new SharedArrayBuffer(start + content.length))
      copySparse(content, this.where.subarray(start))
    } else {
      this.where = this.borrow(start + content.length)
      this.where.fill(0, 0, start)
      this.where.set(content, start)
    }
  }

  /** A provider of its own, with the storage's layers. It is closed with the disk. */
  open(readOnly = false, { over = noLayer, under = noLayer }: OwnLayers = {}): PmemProvider {
    return over(this.storage.layers(under(this.openBare(readOnly))))
  }

  /** For `TestStorage.base.join`. */
  share(): ProviderShare {
    const share = this.openBare(false).share?.()
    if (share === undefined) throw new Error(`${this.storage.name} cannot be shared`)
    return share
  }

  /** The device; the storage is closed with it or with the disk. */
  async attach({
    over = noLayer,
    under = noLayer,
    by = engine,
    ...options
  }: AttachHow = {}): Promise<Driven> {
    const provider = this.open(options.readOnly, { over, under })
    const driver = this.driverOf(provider)
    const device = await drive(driver, by.attach(provider, options))
    // Threads may be waited for.
    return new Driven(device, options.threads === true && driver === 'atomic' ? 'async' : driver)
  }

  async create(options: CreateOptions = {}, layers: OwnLayers = {}): Promise<void> {
    const provider = this.open(false, layers)
    await drive(this.driverOf(provider), engine.create(provider, options))
  }

  /** The bytes as they are now: of memory themselves, of a file a copy. Until the disk is disposed of. */
  bytes(): Uint8Array {
    const { start } = this.storage
    if (typeof this.where !== 'string') return this.where.subarray(start)
    const bytes = this.borrow(statSync(this.where).size - start)
    const fd = openSync(this.where, 'r')
    try {
      const length = readSync(fd, bytes, 0, bytes.length, start)
      if (length !== bytes.length) throw new Error(`${this.where}: only ${length} bytes could be read`)
    } finally {
      closeSync(fd)
    }
    return bytes
  }

  /** Whether it has these bytes now; cheaper than to compare `bytes`. */
  holds(expected: Uint8Array): boolean {
    const { start } = this.storage
    if (typeof this.where !== 'string') return Buffer.compare(this.where.subarray(start), expected) === 0
    if (statSync(this.where).size !== start + expected.length) return false
    const chunk = new Uint8Array(CHUNK_BYTES)
    const fd = openSync(this.where, 'r')
    try {
      for (let at = 0; at < expected.length; at += chunk.length) {
        const length = readSync(fd, chunk, 0, chunk.length, start + at)
        if (Buffer.compare(chunk.subarray(0, length), expected.subarray(at, at + chunk.length)) !== 0)
          return false
      }
      return true
    } finally {
      closeSync(fd)
    }
  }

  [Symbol.dispose](): void {
    for (const provider of this.opened) void provider.close()
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true })
    spare.push(...this.lent.splice(0))
  }

  /** Memory with anything in it. */
  private borrow(size: number): Uint8Array {
    const at = spare.findIndex(({ length }) => length === size)
    const bytes = spare.splice(at, at === -1 ? 0 : 1)[0] ?? new Uint8Array(size)
    this.lent.push(bytes)
    return bytes
  }

  private openBare(readOnly: boolean): PmemProvider {
    const provider = this.storage.base.open(this.where, readOnly)
    this.opened.push(provider)
    return provider
  }

  private driverOf(provider: PmemProvider): StorageDriver {
    return provider.capabilities.mayWait ? 'async' : this.storage.driver
  }
}

/** Memory of disks that are gone: to get and collect megabytes for each of thousands costs more than what is tested. */
const spare: Uint8Array[] = []

const CHUNK_BYTES = 2 ** 16
const zeroChunk = new Uint8Array(CHUNK_BYTES)

/** The parts of the content that are not all zeros, and where each begins. */
function* chunksOf(content: Uint8Array): Generator<readonly [at: number, chunk: Uint8Array]> {
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    const chunk = content.subarray(at, at + CHUNK_BYTES)
    if (Buffer.compare(chunk, zeroChunk.subarray(0, chunk.length)) !== 0) yield [at, chunk]
  }
}

/** Copies to memory of zeros: where both are zeros, it is not even touched. */
function copySparse(content: Uint8Array, target: Uint8Array): void {
  for (const [at, chunk] of chunksOf(content)) target.set(chunk, at)
}

/** Makes a file that holds the content from `start` on, with holes where all is zero. */
function writeChunks(path: string, start: number, content: Uint8Array): void {
  const fd = openSync(path, 'w')
  try {
    ftruncateSync(fd, start + content.length)
    for (const [at, chunk] of chunksOf(content)) writeSync(fd, chunk, 0, chunk.length, start + at)
  } finally {
    closeSync(fd)
  }
}

/** Drives an operation to its end. What a driver throws at once rejects, too. */
export async function drive<T>(driver: StorageDriver, operation: Sleepable<T>): Promise<T> {
  if (driver === 'atomic') return runAtomic(operation)
  if (driver === 'blocking') return runBlocking(operation)
  return runAsync(operation)
}

/** A device whose operations are driven in one way, and looked at as promises in any. */
export class Driven implements BlockOperations<Promise<void>> {
  readonly device: BttDevice
  readonly driver: StorageDriver

  constructor(device: BttDevice, driver: StorageDriver) {
    this.device = device
    this.driver = driver
  }

  get info(): BttDevice['info'] {
    return this.device.info
  }

  get sectorSize(): number {
    return this.device.sectorSize
  }

  get metadataSize(): number {
    return this.device.metadataSize
  }

  get sectorCount(): number {
    return this.device.sectorCount
  }

  async read(lba: number, target: Uint8Array, metadata?: Uint8Array): Promise<void> {
    await this.run((form) => form.read(lba, target, metadata))
  }

  async write(lba: number, source: Uint8Array, metadata?: Uint8Array): Promise<void> {
    await this.run((form) => form.write(lba, source, metadata))
  }

  async zero(lba: number, count: number): Promise<void> {
    await this.run((form) => form.zero(lba, count))
  }

  async flush(): Promise<void> {
    await this.run((form) => form.flush())
  }

  async readBytes(offset: number, target: Uint8Array): Promise<void> {
    await this.run((form) => form.readBytes(offset, target))
  }

  async writeBytes(offset: number, source: Uint8Array): Promise<void> {
    await this.run((form) => form.writeBytes(offset, source))
  }

  async zeroBytes(offset: number, length: number): Promise<void> {
    await this.run((form) => form.zeroBytes(offset, length))
  }

  async close(): Promise<void> {
    await this.run((form) => form.close())
  }

  private run(operation: (form: BlockOperations<void | Promise<void>>) => void | Promise<void>) {
    const { device, driver } = this
    return operation(driver === 'async' ? device : device[driver])
  }
}
