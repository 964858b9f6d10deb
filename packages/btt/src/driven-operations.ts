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

/** Operations that are driven to their end on the caller's stack. */
class SynchronousOperations implements BlockOperations<void> {
  private readonly operations: BlockOperations<Sleepable<void>>
  private readonly run: (operation: Sleepable<void>) => void

  constructor(operations: BlockOperations<Sleepable<void>>, run: (operation: Sleepable<void>) => void) {
    this.operations = operations
    this.run = run
  }

  read(lba: number, target: Uint8Array, metadata?: Uint8Array): void {
    this.run(this.operations.read(lba, target, metadata))
  }

  write(lba: number, source: Uint8Array, metadata?: Uint8Array): void {
    this.run(this.operations.write(lba, source, metadata))
  }

  zero(lba: number, count: number): void {
    this.run(this.operations.zero(lba, count))
  }

  flush(): void {
    this.run(this.operations.flush())
  }

  readBytes(offset: number, target: Uint8Array): void {
    this.run(this.operations.readBytes(offset, target))
  }

  writeBytes(offset: number, source: Uint8Array): void {
    this.run(this.operations.writeBytes(offset, source))
  }

  zeroBytes(offset: number, length: number): void {
    this.run(this.operations.zeroBytes(offset, length))
  }

  close(): void {
    this.run(this.operations.close())
  }
}

/** Sleepable operations in all their forms; its own methods are the asynchronous one. A request that is refused at once rejects, too. */
export class DrivenOperations implements BlockOperations<Promise<void>> {
  readonly sleepable: BlockOperations<Sleepable<void>>
  readonly atomic: BlockOperations<void>
  readonly blocking: BlockOperations<void>
  private readonly driver: DriverChoice

  constructor(operations: BlockOperations<Sleepable<void>>, driver: DriverChoice) {
    this.sleepable = operations
    this.driver = driver
    this.atomic = new SynchronousOperations(operations, runAtomic)
    this.blocking = new SynchronousOperations(operations, (operation) => {
      driver.choose('blocking')
      runBlocking(operation)
    })
  }

  async read(lba: number, target: Uint8Array, metadata?: Uint8Array): Promise<void> {
    this.driver.choose('asynchronous')
    await runAsync(this.sleepable.read(lba, target, metadata))
  }

  async write(lba: number, source: Uint8Array, metadata?: Uint8Array): Promise<void> {
    this.driver.choose('asynchronous')
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
    await runAsync(this.sleepable.readBytes(offset, target))
  }

  async writeBytes(offset: number, source: Uint8Array): Promise<void> {
    this.driver.choose('asynchronous')
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
