import { MixedDriversError, type BlockOperations, type Sleepable } from '@bttkit/interfaces'
import { runAsync, runAtomic, runBlocking } from '@bttkit/sleepable'

type Driver = 'blocking' | 'asynchronous'

/** How a thread drives a device: the first operation decides. A blocked thread could never run the asynchronous task whose lock it waits for. */
export class DriverChoice {
  private chosen: Driver | undefined
  private readonly image: string

  constructor(image: string) {
    this.image = image
  }

  /** Whether the thread blocks; false also where nothing was chosen yet. */
  get isBlocking(): boolean {
    return this.chosen === 'blocking'
  }

  /** @throws {MixedDriversError} when the other one was chosen before. */
  choose(driver: Driver): void {
    this.chosen ??= driver
    if (this.chosen !== driver) {
      throw new MixedDriversError(
        { image: this.image },
        `this thread drives the device ${this.chosen}, so it cannot be driven ${driver} too`,
      )
    }
  }
}

/**
 * Operations without a driver: they are done at once, or have to be done by the sleepable ones of the same name. They check their requests, and throw, as those do. Each returns
 * whether it is done.
 */
export type OperationsAtOnce = Pick<BlockOperations<boolean>, 'read' | 'write' | 'readBytes' | 'writeBytes'>

/** Operations that are driven to their end on the caller's stack. */
class SynchronousOperations implements BlockOperations<void> {
  private readonly operations: BlockOperations<Sleepable<void>>
  private readonly atOnce: OperationsAtOnce | undefined
  private readonly driver: DriverChoice | undefined
  private readonly drive: (operation: Sleepable<void>) => void

  /** @param driver where these operations are a choice */
  constructor(
    operations: BlockOperations<Sleepable<void>>,
    atOnce: OperationsAtOnce | undefined,
    driver: DriverChoice | undefined,
    drive: (operation: Sleepable<void>) => void,
  ) {
    this.operations = operations
    this.atOnce = atOnce
    this.driver = driver
    this.drive = drive
  }

  read(lba: number, target: Uint8Array, metadata?: Uint8Array): void {
    this.driver?.choose('blocking')
    if (this.atOnce?.read(lba, target, metadata) !== true)
      this.run(this.operations.read(lba, target, metadata))
  }

  write(lba: number, source: Uint8Array, metadata?: Uint8Array): void {
    this.driver?.choose('blocking')
    if (this.atOnce?.write(lba, source, metadata) !== true)
      this.run(this.operations.write(lba, source, metadata))
  }

  zero(lba: number, count: number): void {
    this.run(this.operations.zero(lba, count))
  }

  flush(): void {
    this.run(this.operations.flush())
  }

  readBytes(offset: number, target: Uint8Array): void {
    this.driver?.choose('blocking')
    if (this.atOnce?.readBytes(offset, target) !== true) this.run(this.operations.readBytes(offset, target))
  }

  writeBytes(offset: number, source: Uint8Array): void {
    this.driver?.choose('blocking')
    if (this.atOnce?.writeBytes(offset, source) !== true) this.run(this.operations.writeBytes(offset, source))
  }

  zeroBytes(offset: number, length: number): void {
    this.run(this.operations.zeroBytes(offset, length))
  }

  close(): void {
    this.run(this.operations.close())
  }

  private run(operation: Sleepable<void>): void {
    this.driver?.choose('blocking')
    this.drive(operation)
  }
}

/** Sleepable operations in all their forms; its own methods are the asynchronous one. A request that is refused at once rejects, too. */
export class DrivenOperations implements BlockOperations<Promise<void>> {
  readonly sleepable: BlockOperations<Sleepable<void>>
  readonly atomic: BlockOperations<void>
  readonly blocking: BlockOperations<void>
  private readonly driver: DriverChoice
  private readonly atOnce: OperationsAtOnce | undefined

  /** @param atOnce where nothing has to wait for another thread either, or who uses it may; so never for the atomic form of what may wait */
  constructor(
    operations: BlockOperations<Sleepable<void>>,
    driver: DriverChoice,
    atOnce: {
      readonly atomic?: OperationsAtOnce | undefined
      readonly others?: OperationsAtOnce | undefined
    } = {},
  ) {
    this.sleepable = operations
    this.driver = driver
    this.atOnce = atOnce.others
    this.atomic = new SynchronousOperations(operations, atOnce.atomic, undefined, runAtomic)
    this.blocking = new SynchronousOperations(operations, atOnce.others, driver, runBlocking)
  }

  async read(lba: number, target: Uint8Array, metadata?: Uint8Array): Promise<void> {
    this.driver.choose('asynchronous')
    if (this.atOnce?.read(lba, target, metadata) !== true)
      await runAsync(this.sleepable.read(lba, target, metadata))
  }

  async write(lba: number, source: Uint8Array, metadata?: Uint8Array): Promise<void> {
    this.driver.choose('asynchronous')
    if (this.atOnce?.write(lba, source, metadata) !== true)
      await runAsync(this.sleepable.write(lba, source, metadata))
  }

  async zero(lba: number, count: number): Promise<void> {
    this.driver.choose('asynchronous')
    await runAsync(this.sleepable.zero(lba, count))
  }

  async flush(): Promise<void> {
    this.driver.choose('asynchronous')
    await runAsync(this.sleepable.flush())
  }

  async readBytes(offset: number, target: Uint8Array): Promise<void> {
    this.driver.choose('asynchronous')
    if (this.atOnce?.readBytes(offset, target) !== true)
      await runAsync(this.sleepable.readBytes(offset, target))
  }

  async writeBytes(offset: number, source: Uint8Array): Promise<void> {
    this.driver.choose('asynchronous')
    if (this.atOnce?.writeBytes(offset, source) !== true)
      await runAsync(this.sleepable.writeBytes(offset, source))
  }

  async zeroBytes(offset: number, length: number): Promise<void> {
    this.driver.choose('asynchronous')
    await runAsync(this.sleepable.zeroBytes(offset, length))
  }

  async close(): Promise<void> {
    this.driver.choose('asynchronous')
    await runAsync(this.sleepable.close())
  }
}
