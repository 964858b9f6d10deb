/**
 * What power failures leave, as far as sectors show it. Many moments of many schedules have the same media and the same writes in flight; what is left of these is looked at once, whatever
 * the operations were that led there.
 */
import type { BttDevice, Engine } from '@bttkit/interfaces'
import type { PowerFailMemory, PowerFailure } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import { ImageJudge } from './image-judge.ts'
import { CutStorage } from './cut-storage.ts'
import { readSector } from './expected-sectors.ts'
import { explorePoints, type CrashCounts, type ExplorePointsOptions } from './explore-points.ts'
import { judgeSecondAttach } from './judge-device.ts'

/** What the power failure of one moment may leave. */
export interface LeftStates {
  /** Its own, from 0 on. */
  readonly number: number
  /** What the watched sectors may hold, in their order: each combination once. */
  readonly contents: readonly (readonly Uint8Array[])[]
  /** What is wrong, whatever the operations were. */
  readonly problem: string | undefined
}

export interface LeftStatesOptions extends ExplorePointsOptions {
  readonly engine: Engine
  /** The sectors to watch. */
  readonly lbas: readonly number[]
  /** Where the BTT is: nothing of it moves, and looking for it takes as long as all else. */
  readonly namespaceOffset: number | undefined
}

const none = (): CrashCounts => ({ points: 0, classes: 0, states: 0n })

function sum(one: CrashCounts, other: CrashCounts): CrashCounts {
  return {
    points: one.points + other.points,
    classes: one.classes + other.classes,
    states: one.states + other.states,
  }
}

export class LeftStatesCache {
  /** Of the failures that were looked at; a point is one of them. */
  counts = none()
  recovery = none()
  isExhaustive = true
  private readonly options: LeftStatesOptions
  private readonly images = new ImageJudge()
  private readonly known = new Map<string, LeftStates>()

  constructor(options: LeftStatesOptions) {
    this.options = options
  }

  /** What a failure leaves: of copies of one memory. */
  of(failure: PowerFailure): LeftStates {
    const fingerprint = failure.fingerprint()
    let left = this.known.get(fingerprint)
    if (left === undefined) {
      left = this.explore(failure)
      this.known.set(fingerprint, left)
    }
    return left
  }

  private explore(failure: PowerFailure): LeftStates {
    const contents = new Map<string, Uint8Array[]>()
    const judge = (storage: PowerFailMemory, onRecoveryStore?: () => void): string | undefined => {
      const sectors = this.recover(storage, onRecoveryStore)
      if (typeof sectors === 'string') return sectors
      contents.set(Buffer.concat(sectors).toString('latin1'), sectors)
      return undefined
    }
    const point = { operation: 0, when: 'what is left', failure, judge }
    const { recovery, isExhaustive, violations, ...counts } = explorePoints([point], this.options)
    this.counts = sum(this.counts, counts)
    this.recovery = sum(this.recovery, recovery)
    this.isExhaustive &&= isExhaustive
    return { number: this.known.size, contents: [...contents.values()], problem: violations[0]?.problem }
  }

  /** Attaches what is left. Returns what the sectors hold, or what is wrong. */
  private recover(storage: PowerFailMemory, onRecoveryStore?: () => void): Uint8Array[] | string {
    const { engine, lbas, namespaceOffset } = this.options
    let hasStored = false
    const watched = new CutStorage(storage, () => {
      hasStored = true
      onRecoveryStore?.()
    })
    let device: BttDevice
    try {
      device = runAtomic(engine.attach(watched, { namespaceOffset }))
    } catch (error) {
      return `it cannot be attached: ${String(error)}`
    }
    const problem =
      this.images.judge(storage, device) ?? (hasStored ? judgeSecondAttach(storage, engine) : undefined)
    return problem ?? lbas.map((lba) => readSector(device, lba))
  }
}
