import type { PmemProvider } from '@bttkit/interfaces'
import { ImageReader } from './image-reader.ts'
import { MapPasses, type PassOptions } from './map-passes.ts'
import { PlannedChanges } from './planned-changes.ts'
import type { PlannedStore, RepairStage, RepairStep, WithheldRepair } from './repair-plan.ts'

/** A plan in the making. Its reader sees the image with all that is planned so far. */
export class RepairDraft {
  readonly reader: ImageReader
  readonly passes: MapPasses
  readonly steps: RepairStep[] = []
  private readonly changes = new PlannedChanges()
  private readonly finished: RepairStage[] = []
  private stage: PlannedStore[] = []
  private withheldBefore: WithheldRepair[] = []
  private withheldNow: WithheldRepair[] = []

  constructor(provider: PmemProvider, options: PassOptions) {
    this.passes = new MapPasses(options)
    this.reader = new ImageReader(provider, this.changes)
  }

  store(offset: number, bytes: Uint8Array): void {
    this.stage.push({ offset, bytes })
    this.changes.write(offset, bytes)
  }

  /** What comes next is stored when everything before is durable. */
  endStage(): void {
    if (this.stage.length > 0) this.finished.push(this.stage)
    this.stage = []
  }

  note(step: RepairStep): void {
    this.steps.push(step)
  }

  /** Of one message only the first is kept. */
  withhold(withheld: WithheldRepair): void {
    if (!this.withheld.some(({ message }) => message === withheld.message)) this.withheldNow.push(withheld)
  }

  /** All parts begin again; what still holds, they will say again. */
  beginRound(): void {
    this.withheldBefore = []
    this.withheldNow = []
  }

  /** What was withheld before is said whatever this part comes to. */
  beginPart(): void {
    this.withheldBefore.push(...this.withheldNow)
    this.withheldNow = []
  }

  /** The part begins again; what still holds, it will say again. */
  beginPartAgain(): void {
    this.withheldNow = []
  }

  get withheld(): WithheldRepair[] {
    return [...this.withheldBefore, ...this.withheldNow]
  }

  get stages(): readonly RepairStage[] {
    this.endStage()
    return this.finished
  }

  /** Grows with each store. */
  get storeCount(): number {
    return this.finished.reduce((sum, stage) => sum + stage.length, this.stage.length)
  }
}
