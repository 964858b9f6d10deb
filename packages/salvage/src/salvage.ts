/**
 * Salvage: everything that can be read from an image, whether it can be attached or not. Reads only, and goes around what is lost.
 *
 * A content is handed out as a sector's only if no other sector and no lane claims the block. What is contested, and what is nobody's, is handed out as blocks: each content that is in the
 * image is in one or the other.
 */
import { LayoutError, type PmemProvider, type Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, mapState, sectorShape, unusualLayoutFields } from '@bttkit/btt-format'
import {
  ImageReader,
  checkFlog,
  entryOffset,
  findInterruptedWrites,
  readFlogGroups,
  readSurroundings,
} from '@bttkit/checker-image/parts'
import { mightSleep } from '@bttkit/sleepable'
import { STANDING, type Standing } from './certainty.ts'
import { chooseLayouts } from './choose-layouts.ts'
import { copySectors } from './copy-sectors.ts'
import { checkInfoByHand, type InfoByHand } from './info-by-hand.ts'
import { keepBlocks } from './kept-blocks.ts'
import type { SalvageSink, SalvagedArena, SalvagedDevice } from './salvage-sink.ts'
import { SalvageRun, type SalvageRunOptions } from './salvage-run.ts'
import { SectorRuns, type CertaintyCounts } from './sector-runs.ts'
import { hasRival, isBelievable } from './try-layouts.ts'
import { surveyMap, type ArenaSurvey, type FlogSurvey } from './survey-map.ts'

export interface SalvageOptions extends SalvageRunOptions {
  /** Where the info block of arena 0 is, in bytes; absent: probe. */
  readonly namespaceOffset?: number | undefined
  /** What is known of the arenas, from the first on; for them no info block counts. Default: nothing. */
  readonly infoBlocks?: readonly InfoByHand[] | undefined
  /** Whether the metadata of each sector is handed out behind it. Default: false. */
  readonly includeMetadata?: boolean | undefined
}

/** What came of a salvage that went to its end. */
export interface SalvageReport {
  readonly device: SalvagedDevice
  readonly sectors: CertaintyCounts
  /** Blocks that are kept. */
  readonly blocks: number
  /** Of them, those that are nobody's. */
  readonly unreferencedBlocks: number
  /** Of them, those of which the medium has lost a part. */
  readonly damagedBlocks: number
  readonly interruptedWrites: number
  /** Whether each sector has what it held, as far as can be known: none is `duplicate`, `doubtful`, `marked-lost`, `unreadable` or `lost`. */
  readonly isComplete: boolean
}

/** What a sector is by this layout with which nothing is wrong. */
function soundBy(arena: SalvagedArena): Standing {
  const { source, fit, info, others } = arena
  const isUsual = unusualLayoutFields(info).length === 0
  if (source !== 'primary' && source !== 'backup') {
    const isBorneOut = isBelievable(arena) && fit.isMapRight && isUsual && !hasRival(arena, others)
    if (!isBorneOut) return STANDING.doubtful
    return source === 'by-hand' ? STANDING.byHand : STANDING.inferred
  }
  if (!isUsual) return fit.damages === 0 ? STANDING.unusual : STANDING.doubtful
  if (fit.isFlogRight) return fit.isMapRight ? STANDING.certain : STANDING.damagedAround
  return fit.isMapRight ? STANDING.flogDamaged : STANDING.doubtful
}

class Salvage {
  private readonly run: SalvageRun
  private readonly device: SalvagedDevice
  private readonly runs: SectorRuns
  private readonly contentBytes: number
  private blocks = 0
  private unreferencedBlocks = 0
  private damagedBlocks = 0
  private interruptedWrites = 0

  constructor(run: SalvageRun, device: SalvagedDevice) {
    this.run = run
    this.device = device
    this.runs = new SectorRuns(run.sink)
    this.contentBytes = device.sectorSize + device.metadataSize
  }

  *salvage(): Sleepable<SalvageReport> {
    const { device, run } = this
    for (const { info } of device.arenas)
      run.expect((info.externalNlba + info.internalNlba) * info.internalLbasize)
    const wait = run.sink.begin(device)
    if (wait !== undefined) yield wait
    for (const arena of device.arenas) yield* this.salvageArena(arena)
    const { runs, blocks, unreferencedBlocks, damagedBlocks, interruptedWrites } = this
    const sectors = runs.counts
    const missing =
      sectors.doubtful + sectors.duplicate + sectors['marked-lost'] + sectors.unreadable + sectors.lost
    const isComplete = missing === 0
    return { device, sectors, blocks, unreferencedBlocks, damagedBlocks, interruptedWrites, isComplete }
  }

  private *salvageArena(arena: SalvagedArena): Sleepable<void> {
    const { run, contentBytes, runs } = this
    const begun = run.sink.beginArena(arena)
    if (begun !== undefined) yield begun
    const survey = yield* surveyMap(run.checkRun(), arena, yield* this.readFlog(arena))
    const delivered = yield* copySectors(run, survey, soundBy(arena), runs, contentBytes)
    const firstAt = this.blocks * contentBytes
    const kept = yield* keepBlocks(run, survey, delivered, contentBytes, firstAt)
    this.blocks += kept.blocks
    this.unreferencedBlocks += kept.unreferenced
    this.damagedBlocks += kept.damaged
    yield* this.tellInterruptedWrites(survey, kept.freeAt)
  }

  private *readFlog(arena: SalvagedArena): Sleepable<FlogSurvey> {
    const check = this.run.checkRun()
    const reading = yield* checkFlog(check, arena)
    const groups = yield* readFlogGroups(this.run.reader, arena)
    return { reading, groups, completed: yield* findInterruptedWrites(check, arena, reading) }
  }

  private *tellInterruptedWrites(
    { arena, flog }: ArenaSurvey,
    freeAt: ReadonlyMap<number, number>,
  ): Sleepable<void> {
    for (const [premap, { lane, block: newBlock }] of flog.completed) {
      const writes = flog.reading.writes.get(premap) ?? []
      const oldBlock = writes.find((write) => write.lane === lane)?.oldBlock ?? 0
      const bytes = yield* this.run.reader.read(entryOffset(arena, premap), MAP_ENTRY_BYTES, 'map')
      const before = mapState(bytes === undefined ? 0 : new DataView(bytes.buffer).getUint32(0, true))
      const oldAt = freeAt.get(oldBlock)
      const lba = arena.firstLba + premap
      const write = { lane, lba, oldBlock, newBlock, before, ...(oldAt !== undefined && { oldAt }) }
      const wait = this.run.sink.interruptedWrite(write)
      if (wait !== undefined) yield wait
      this.interruptedWrites++
    }
  }
}

function describeDevice(
  { reader }: SalvageRun,
  arenas: readonly SalvagedArena[],
  includeMetadata: boolean,
): SalvagedDevice {
  const sizes = new Set(arenas.map(({ info }) => info.externalLbasize))
  const [externalLbasize = 0, other] = sizes
  if (other !== undefined)
    throw new LayoutError(
      { image: reader.name },
      `the arenas of a BTT have sectors of one size, not of ${externalLbasize} and ${other} bytes`,
    )
  const { sectorSize, metadataSize } = sectorShape(externalLbasize)
  return {
    image: reader.name,
    sizeBytes: reader.size,
    sectorSize,
    metadataSize: includeMetadata ? metadataSize : 0,
    sectorCount: arenas.reduce((sum, { info }) => sum + info.externalNlba, 0),
    arenas,
  }
}

/**
 * Gets everything out of an image. Stores nothing in it, and takes no lock. May sleep where the storage or the sink may.
 *
 * What the medium has lost is told of the sectors and blocks, and gone around.
 *
 * @throws {NotABttError} when nothing tells how the image is laid out; {AmbiguousBttError}; {PoolWithoutLayoutError}; {LayoutError} when what was given by hand cannot be; {WouldSleepError};
 * whatever else storage and sink fail with
 */
export function* salvage(
  provider: PmemProvider,
  sink: SalvageSink,
  options: SalvageOptions = {},
): Sleepable<SalvageReport> {
  if (provider.capabilities.mayWait) mightSleep(provider.name, 'salvaging')
  const run = new SalvageRun(new ImageReader(provider), sink, options)
  const { infoBlocks = [], namespaceOffset, includeMetadata = false } = options
  const byHand = infoBlocks.length === 0 ? [] : checkInfoByHand(infoBlocks)
  const around = yield* readSurroundings(run.reader)
  const arenas = yield* chooseLayouts(run, around, byHand, namespaceOffset)
  return yield* new Salvage(run, describeDevice(run, arenas, includeMetadata)).salvage()
}
