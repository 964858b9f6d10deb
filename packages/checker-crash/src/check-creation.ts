/**
 * Cuts the power while a BTT is created. What must be true: there is none afterwards, or the whole one; and from the end on, the whole one.
 *
 * Where another BTT is overwritten, it may be there still, or be destroyed in part: an attach then refuses it.
 */
import {
  InfoBlockError,
  NotABttError,
  WriteRefusedError,
  type BttDevice,
  type CreateOptions,
  type Engine,
} from '@bttkit/interfaces'
import { PowerFailMemory, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import { CutStorage } from './cut-storage.ts'
import { readSector } from './expected-sectors.ts'
import {
  explorePoints,
  type CrashCheckResult,
  type CrashPoint,
  type ExplorePointsOptions,
} from './explore-points.ts'
import { ImageJudge, judgeBijection } from './image-judge.ts'
import { judgeSecondAttach } from './judge-device.ts'

export interface CreationCheckOptions extends ExplorePointsOptions {
  readonly engine: Engine
  /** What is there before: blank, or something to be overwritten. It is not changed. */
  readonly media: Uint8Array
  readonly model: PowerFailModel
  /** The UUID tells the new BTT from one that was there. */
  readonly creation: CreateOptions & { readonly uuid: string }
}

const INFO_BLOCK_BYTES = 4096

/** The first sectors of the device and its last one. */
function sampleLbas(device: BttDevice): number[] {
  return [0, 1, 17, device.sectorCount - 1]
}

function isZero(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, new Uint8Array(bytes.length)) === 0
}

class CreationJudge {
  private readonly options: CreationCheckOptions
  private readonly images = new ImageJudge()
  /** Whether the media held a BTT before. */
  private readonly overwrites: boolean

  constructor(options: CreationCheckOptions) {
    this.options = options
    const { media, model, engine } = options
    try {
      runAtomic(engine.attach(new PowerFailMemory({ media, model })))
      this.overwrites = true
    } catch (error) {
      if (!(error instanceof NotABttError)) throw error
      this.overwrites = false
    }
  }

  judge(storage: PowerFailMemory, isOver: boolean): string | undefined {
    const { engine } = this.options
    try {
      const device = runAtomic(engine.attach(storage))
      return (
        this.judgeDevice(storage, device, isOver) ??
        this.judgeWhole(storage, device) ??
        judgeSecondAttach(storage, engine)
      )
    } catch (error) {
      if (isOver || !this.meansNone(error)) return `it cannot be attached: ${String(error)}`
      return error instanceof WriteRefusedError ? this.judgeReadOnly(storage) : undefined
    }
  }

  /** From its backup alone an arena can be read, and is not written to: then what is read has to be right already. */
  private judgeReadOnly(storage: PowerFailMemory): string | undefined {
    const device = runAtomic(this.options.engine.attach(storage, { readOnly: true }))
    const problem = this.judgeDevice(storage, device, false)
    return problem && `attached for reading only, ${problem}`
  }

  private judgeDevice(storage: PowerFailMemory, device: BttDevice, isOver: boolean): string | undefined {
    const isNew = this.isNew(device)
    if (!isNew && (isOver || !this.overwrites)) return 'it is another BTT than the new one'
    for (const lba of isNew ? sampleLbas(device) : [])
      if (!isZero(readSector(device, lba))) return `LBA ${lba} of the new BTT is not zero`
    return judgeBijection(storage, device.info)
  }

  private isNew({ info }: BttDevice): boolean {
    return info.arenas.every(({ uuid }) => uuid === this.options.creation.uuid)
  }

  /** A new BTT that can be written to is whole: what speaks for an arena when its primary info block is lost is there as well. */
  private judgeWhole(storage: PowerFailMemory, device: BttDevice): string | undefined {
    if (!this.isNew(device)) return undefined
    const [primary, backup] = [new Uint8Array(INFO_BLOCK_BYTES), new Uint8Array(INFO_BLOCK_BYTES)]
    const lacking = device.info.arenas.find(({ offset, info2off }) => {
      storage.read(offset, primary)
      storage.read(offset + info2off, backup)
      return Buffer.compare(primary, backup) !== 0
    })
    if (lacking !== undefined)
      return `the backup info block of the arena at byte ${lacking.offset} is not the same as its primary`
    return this.images.judge(storage, device)
  }

  private meansNone(error: unknown): boolean {
    if (error instanceof InfoBlockError) return this.overwrites
    return error instanceof NotABttError || error instanceof WriteRefusedError
  }
}

function creationPoints(options: CreationCheckOptions): CrashPoint[] {
  const { engine, media, model, creation } = options
  const judge = new CreationJudge(options)
  const memory = new PowerFailMemory({ media, model })
  const points: CrashPoint[] = []
  const keep = (when: string, isOver: boolean): void =>
    void points.push({
      operation: 0,
      when,
      failure: memory.cut(),
      judge: (left) => judge.judge(left, isOver),
    })
  runAtomic(
    engine.create(
      new CutStorage(memory, (what) => keep(`power failure in the creation, after the ${what}`, false)),
      creation,
    ),
  )
  keep('power failure at the end of the creation', true)
  return points
}

/** Cuts the power after each store of a creation and at its end, and judges every state that may be left then. */
export function checkCreation(options: CreationCheckOptions): CrashCheckResult {
  return explorePoints(creationPoints(options), options)
}
