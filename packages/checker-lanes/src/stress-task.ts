/**
 * A task of a run: it writes, reads and zeroes its own sectors, its part of a sector and the sectors of all, in an order that its random numbers give, and judges
 * everything that it reads.
 */
import type { BlockDevice, Sleepable } from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import type { TaskIdentity } from './current-task.ts'
import type { Findings, TaskName } from './findings.ts'
import type { SeededRandom } from './seeded-random.ts'
import { OwnPart } from './own-part.ts'
import { OwnSectors } from './own-sectors.ts'
import { contentRuns, fillSector, isZero, readWhole, type Stamp } from './sector-pattern.ts'
import type { SharedFault, SharedSectors, SharedView } from './shared-sectors.ts'
import { cpuOf, ownLba, partOf, type StressPlan } from './stress-plan.ts'
import { taskRandom } from './stress-random.ts'
import type { StressOperations } from './stress-operations.ts'
import type { StressWords } from './stress-words.ts'

/** Between two operations others may run, also where the storage never waits. */
const BETWEEN_OPERATIONS = preemptionPoint({ object: 'lane', kind: 'release', start: 0, end: 0 })

/** A byte of no pattern. */
const NOT_READ = 0xee

/** Of a hundred operations of a writer. */
const SHARES = {
  writeOwn: 24,
  patchOwn: 12,
  zeroOwn: 7,
  readOwn: 10,
  writePart: 10,
  zeroPart: 2,
  readPart: 4,
  writeShared: 16,
  zeroShared: 3,
} as const

/** What of a device the tasks use. */
export type StressedDevice = Pick<BlockDevice, 'sleepable'>

/** What a thread's tasks work with. */
export interface StressSurroundings {
  readonly device: StressedDevice
  readonly plan: StressPlan
  readonly words: StressWords
  readonly findings: Findings
  readonly operations: StressOperations
}

export class StressTask {
  readonly identity: TaskIdentity
  private readonly name: TaskName
  private readonly isReader: boolean
  private readonly random: SeededRandom
  private readonly surroundings: StressSurroundings
  private readonly own: OwnSectors
  private readonly part: OwnPart
  private readonly shared: SharedSectors
  private readonly view: SharedView
  private readonly written: Uint8Array
  private readonly writtenView: DataView
  private readonly read: Uint8Array
  private readonly readView: DataView
  private readonly stamp: Stamp = { worker: 0, task: 0, generation: 0, lba: 0 }
  private generation = 0

  /** @param task of its worker, from 0 */
  constructor(surroundings: StressSurroundings, worker: number, task: number) {
    const { plan, words } = surroundings
    const number = worker * plan.tasks + task
    this.surroundings = surroundings
    this.name = { worker, task }
    this.identity = { number, cpu: cpuOf(plan, number), generation: 0 }
    this.isReader = number < plan.readers
    this.random = taskRandom(plan.seed, number)
    this.own = new OwnSectors(ownLba(plan, number), plan.ownCount, plan.sectorSize)
    this.part = new OwnPart(partOf(plan, number), plan.sectorSize)
    this.shared = words.sharedSectors
    this.view = this.shared.newView()
    this.written = new Uint8Array(plan.ownCount * plan.sectorSize)
    this.writtenView = new DataView(this.written.buffer)
    this.read = new Uint8Array(plan.ownCount * plan.sectorSize)
    this.readView = new DataView(this.read.buffer)
  }

  /** Works until the run is to end. Failures of operations are noted and end nothing. */
  *run(): Sleepable<void> {
    const { words, findings } = this.surroundings
    while (!this.isOver()) {
      words.countOperation(this.name.worker)
      try {
        yield* this.oneOperation()
      } catch (error) {
        findings.failure(error)
      }
      yield BETWEEN_OPERATIONS
    }
  }

  /** Reads all that is the task's own once more, when all tasks have ended. */
  *lastLook(): Sleepable<void> {
    try {
      yield* this.readOwn(0, this.own.count)
      yield* this.readPart()
    } catch (error) {
      this.surroundings.findings.failure(error)
    }
  }

  private isOver(): boolean {
    const { words, plan } = this.surroundings
    return words.isStopped || words.operations >= plan.operationLimit || words.findings >= plan.enoughFindings
  }

  private oneOperation(): Sleepable<void> {
    const sector = this.random.below(this.surroundings.plan.sharedCount)
    if (this.isReader) return this.readShared(sector)
    const first = this.random.below(this.own.count)
    const count = 1 + this.random.below(this.own.count - first)
    let choice = this.random.below(100)
    if ((choice -= SHARES.writeOwn) < 0) return this.writeOwn(first, count)
    if ((choice -= SHARES.patchOwn) < 0) return this.patchOwn()
    if ((choice -= SHARES.zeroOwn) < 0) return this.zeroOwn(first, count)
    if ((choice -= SHARES.readOwn) < 0) return this.readOwn(first, count)
    if ((choice -= SHARES.writePart) < 0) return this.writePart()
    if ((choice -= SHARES.zeroPart) < 0) return this.zeroPart()
    if ((choice -= SHARES.readPart) < 0) return this.readPart()
    if ((choice -= SHARES.writeShared) < 0) return this.writeShared(sector)
    if ((choice -= SHARES.zeroShared) < 0) return this.zeroShared(sector)
    return this.readShared(sector)
  }

  /** Makes a change under the name of a generation: the lane that it gets is noted for it. */
  private *change(generation: number, operation: Sleepable<void>): Sleepable<void> {
    this.identity.generation = generation
    try {
      yield* operation
    } finally {
      this.identity.generation = 0
    }
  }

  // Own sectors

  private *writeOwn(first: number, count: number): Sleepable<void> {
    const { device, plan } = this.surroundings
    const { sectorSize } = plan
    const generation = ++this.generation
    for (let i = first; i < first + count; i++) this.fill(i * sectorSize, generation, this.own.firstLba + i)
    const start = first * sectorSize
    const end = start + count * sectorSize
    const source = this.written.subarray(start, end)
    const write = device.sleepable.write(this.own.firstLba + first, source)
    yield* this.changeOwn(start, end, this.written, this.change(generation, write))
    if (this.random.below(2) === 0) yield* this.readOwn(first, count)
  }

  /** Writes a range of bytes anywhere in the own sectors. */
  private *patchOwn(): Sleepable<void> {
    const { device, plan } = this.surroundings
    const { sectorSize } = plan
    const generation = ++this.generation
    const start = this.random.below(this.written.length)
    const end = start + 1 + this.random.below(Math.min(2 * sectorSize, this.written.length - start))
    for (let i = Math.floor(start / sectorSize); i * sectorSize < end; i++)
      this.fill(i * sectorSize, generation, this.own.firstLba + i)
    const source = this.written.subarray(start, end)
    const offset = this.own.firstLba * sectorSize + start
    const write = device.sleepable.writeBytes(offset, source)
    yield* this.changeOwn(start, end, this.written, this.change(generation, write))
  }

  private *zeroOwn(first: number, count: number): Sleepable<void> {
    const { device, plan } = this.surroundings
    const start = first * plan.sectorSize
    const end = start + count * plan.sectorSize
    yield* this.changeOwn(start, end, undefined, device.sleepable.zero(this.own.firstLba + first, count))
  }

  private *changeOwn(
    start: number,
    end: number,
    source: Uint8Array | undefined,
    change: Sleepable<void>,
  ): Sleepable<void> {
    const { operations } = this.surroundings
    try {
      yield* change
    } catch (error) {
      this.own.doubt(start, end)
      throw error
    }
    this.own.expect(start, end, source)
    if (source === undefined) operations.zeroes++
    else this.countWrite(end - start)
  }

  private *readOwn(first: number, count: number): Sleepable<void> {
    const { device, plan, findings } = this.surroundings
    const start = first * plan.sectorSize
    const target = this.read.subarray(start, start + count * plan.sectorSize)
    yield* this.readInto(target, device.sleepable.read(this.own.firstLba + first, target))
    this.own.judge(this.read, first, count, this.name, findings)
  }

  // The own part of a sector

  private *writePart(): Sleepable<void> {
    const { device, plan } = this.surroundings
    const { lba, start, length } = this.part.place
    const generation = ++this.generation
    this.fill(0, generation, lba)
    const source = this.written.subarray(start, start + length)
    const write = device.sleepable.writeBytes(lba * plan.sectorSize + start, source)
    yield* this.changePart(this.written, generation, this.change(generation, write))
  }

  private *zeroPart(): Sleepable<void> {
    const { device, plan } = this.surroundings
    const { lba, start, length } = this.part.place
    const zero = device.sleepable.zeroBytes(lba * plan.sectorSize + start, length)
    yield* this.changePart(undefined, null, zero)
  }

  private *changePart(
    sector: Uint8Array | undefined,
    generation: number | null,
    change: Sleepable<void>,
  ): Sleepable<void> {
    try {
      yield* change
    } catch (error) {
      this.part.doubt()
      throw error
    }
    this.part.expect(sector, generation)
    if (sector === undefined) this.surroundings.operations.zeroes++
    else this.countWrite(this.part.place.length)
  }

  private *readPart(): Sleepable<void> {
    const { device, plan, findings } = this.surroundings
    const target = this.read.subarray(0, plan.sectorSize)
    yield* this.readInto(target, device.sleepable.read(this.part.place.lba, target))
    this.part.judge(target, this.name, findings)
  }

  // Sectors of all tasks

  private *writeShared(sector: number): Sleepable<void> {
    const { device, plan } = this.surroundings
    const generation = ++this.generation
    const lba = plan.firstLba + sector
    this.fill(0, generation, lba)
    const tick = this.shared.beginWrite(sector, this.identity.number, generation)
    const write = device.sleepable.write(lba, this.written.subarray(0, plan.sectorSize))
    yield* this.change(generation, write)
    this.shared.endWrite(sector, this.identity.number, generation, tick)
    this.countWrite(plan.sectorSize)
    if (this.random.below(2) === 0) yield* this.readShared(sector)
  }

  private *zeroShared(sector: number): Sleepable<void> {
    const { device, plan, operations } = this.surroundings
    const tick = this.shared.beginZero(sector)
    yield* device.sleepable.zero(plan.firstLba + sector, 1)
    this.shared.endZero(sector, tick)
    operations.zeroes++
  }

  private *readShared(sector: number): Sleepable<void> {
    const { device, plan } = this.surroundings
    const target = this.read.subarray(0, plan.sectorSize)
    this.shared.look(sector, this.view)
    yield* this.readInto(target, device.sleepable.read(plan.firstLba + sector, target))
    this.judgeShared(sector)
  }

  private judgeShared(sector: number): void {
    const { plan, findings } = this.surroundings
    const { sectorSize } = plan
    const lba = plan.firstLba + sector
    const whole = { offset: 0, length: sectorSize }
    if (isZero(this.readView, 0, sectorSize)) {
      if (this.shared.judgeZeros(sector, this.view) !== undefined)
        findings.mismatch(this.name, lba, { ...whole, content: 'zeros' }, 'lost')
    } else if (readWhole(this.readView, 0, sectorSize, this.stamp)) {
      const kind = this.stamp.lba === lba ? this.faultOf(sector) : 'other LBA'
      if (kind !== undefined)
        findings.mismatch(this.name, lba, { ...whole, content: { ...this.stamp } }, kind)
    } else {
      for (const run of contentRuns(this.readView, 0, sectorSize))
        findings.mismatch(this.name, lba, run, 'torn')
    }
  }

  /** What is wrong with the whole write of this sector that was read. */
  private faultOf(sector: number): Exclude<SharedFault, 'never written'> | 'torn' | undefined {
    const { worker, task, generation } = this.stamp
    const writer = worker * this.surroundings.plan.tasks + task
    const fault = this.shared.judge(sector, this.view, writer, generation)
    // A stamp that nobody has made: bytes that only look like a write of this run.
    return fault === 'never written' ? 'torn' : fault
  }

  private fill(at: number, generation: number, lba: number): void {
    const { worker, task } = this.name
    fillSector(this.writtenView, at, this.surroundings.plan.sectorSize, { worker, task, generation, lba })
  }

  /** Makes a read. What it leaves out must not look like what was read before. */
  private *readInto(target: Uint8Array, read: Sleepable<void>): Sleepable<void> {
    const { operations, words } = this.surroundings
    target.fill(NOT_READ)
    yield* read
    operations.reads++
    operations.bytesRead += target.length
    words.countBytes(this.name.worker, target.length)
  }

  private countWrite(bytes: number): void {
    this.surroundings.operations.writes++
    this.surroundings.operations.bytesWritten += bytes
    this.surroundings.words.countBytes(this.name.worker, bytes)
  }
}
