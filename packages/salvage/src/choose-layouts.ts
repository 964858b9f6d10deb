/** The arenas of an image, and how each is laid out: by its info blocks where they tell, else by what was given by hand, else by what flog and map fit best. */
import {
  AmbiguousBttError,
  NotABttError,
  PoolWithoutLayoutError,
  type Sleepable,
} from '@bttkit/interfaces'
import {
  DEFAULT_NFREE,
  KERNEL_LBASIZES,
  MIN_ARENA_BYTES,
  NULL_UUID,
  POOL_BTT_OFFSET,
  probePositions,
  unusualLayoutFields,
  type InfoBlock,
} from '@bttkit/btt-format'
import {
  FindingLog,
  LayoutSearch,
  examinePlace,
  findArenas,
  usableInfo,
  type Identity,
  type ImageFinding,
  type Surroundings,
  type UsualNumbers,
} from '@bttkit/checker-image/parts'
import type { Finding } from '@bttkit/interfaces'
import { lbasizesByHand, layoutsByHand, type InfoByHand } from './info-by-hand.ts'
import { fitsFlog, rateLayout } from './rate-layout.ts'
import type { ConsideredLayout, LayoutSource, SalvagedArena } from './salvage-sink.ts'
import type { SalvageRun } from './salvage-run.ts'

/** Of those that were not chosen. */
const MOST_OTHERS = 8
/** Arenas whose info blocks nothing is left of are tried out; so many are a hostile image. */
const MOST_ARENAS = 65_536

interface LayoutGuess {
  readonly source: LayoutSource
  readonly info: InfoBlock
}

/** The layouts of an arena, the best first. */
interface RankedPlace {
  readonly offset: number
  readonly ranked: readonly ConsideredLayout[]
}

const LAYOUT_FIELDS = [
  'externalLbasize',
  'internalLbasize',
  'externalNlba',
  'internalNlba',
  'nextoff',
  'dataoff',
  'mapoff',
  'logoff',
] as const satisfies readonly (keyof InfoBlock)[]

function isSameLayout(one: InfoBlock, other: InfoBlock): boolean {
  return LAYOUT_FIELDS.every((field) => one[field] === other[field])
}

/** The first of several that are equally good is the one that comes first. */
function byFit(one: ConsideredLayout, other: ConsideredLayout): number {
  const unusual = ({ info }: ConsideredLayout): number => Number(unusualLayoutFields(info).length > 0)
  return (
    Number(other.fit.isFlogRight) - Number(one.fit.isFlogRight) ||
    one.fit.damages - other.fit.damages ||
    unusual(one) - unusual(other)
  )
}

/** Whether a layout that no info block tells may be believed: chance does not make it. */
function isBelievable({ fit }: ConsideredLayout): boolean {
  const { isFlogRight, isMapRight, written } = fit
  return isFlogRight || (isMapRight && written >= 16)
}

export class LayoutChooser {
  private readonly run: SalvageRun
  private readonly around: Surroundings
  private readonly search: LayoutSearch
  private readonly byHand: readonly InfoByHand[]

  constructor(run: SalvageRun, around: Surroundings, byHand: readonly InfoByHand[]) {
    this.run = run
    this.around = around
    this.search = new LayoutSearch(run.reader, around)
    this.byHand = byHand
  }

  /** @param namespaceOffset where the info block of arena 0 is; absent: probe */
  *choose(namespaceOffset: number | undefined): Sleepable<SalvagedArena[]> {
    const unreachable = new Map<number, number>()
    const first = yield* this.chooseFirst(namespaceOffset, unreachable)
    const arenas: SalvagedArena[] = []
    let place: RankedPlace | undefined = first
    let firstLba = 0
    while (place !== undefined && arenas.length < MOST_ARENAS) {
      const { offset, ranked } = place
      const [best, ...others] = ranked
      if (best === undefined) break
      const index = arenas.length
      arenas.push({ index, offset, firstLba, ...best, others: others.slice(0, MOST_OTHERS) })
      firstLba += best.info.externalNlba
      const next = this.offsetAfter(offset, best.info, index + 1, unreachable)
      place = next === undefined ? undefined : yield* this.laterArena(next, index + 1, arenas[0]?.info)
    }
    return arenas
  }

  private *chooseFirst(
    namespaceOffset: number | undefined,
    unreachable: Map<number, number>,
  ): Sleepable<RankedPlace> {
    const { run, around } = this
    const [hand] = this.byHand
    const given = hand?.offset ?? namespaceOffset
    if (hand === undefined) {
      const found = yield* this.findByInfoBlocks(given, unreachable)
      if (found !== undefined) return found
    }
    const places: RankedPlace[] = []
    for (const position of probePositions(around.pool?.header, given)) {
      const pool = position.offset === POOL_BTT_OFFSET ? around.pool : undefined
      const [major, minor] = position.version === '2.0' ? [2, 0] : [1, 1]
      const parentUuid = pool?.header.poolsetUuid ?? NULL_UUID
      const identity = { uuid: NULL_UUID, parentUuid, major, minor }
      const lbasizes = [...KERNEL_LBASIZES, ...(pool ? [pool.header.blockSize] : [])]
      const usual = { lbasizes, nfrees: [DEFAULT_NFREE] }
      const ranked = yield* this.tryOut(position.offset, identity, usual, hand, 'inferred')
      if (ranked.length > 0) places.push({ offset: position.offset, ranked })
    }
    const [best] = places.toSorted((a, b) => this.compareBest(a, b))
    const [layout] = best?.ranked ?? []
    if (best !== undefined && layout !== undefined && (hand !== undefined || isBelievable(layout))) return best
    throw new NotABttError(
      { image: run.reader.name },
      'neither an info block nor flog and map tell how it is laid out: give what is known with --info-block',
    )
  }

  private compareBest({ ranked: [one] }: RankedPlace, { ranked: [other] }: RankedPlace): number {
    return one === undefined || other === undefined ? 0 : byFit(one, other)
  }

  /** @param unreachable gets the bytes of arenas to which none leads, by the index that they would have */
  private *findByInfoBlocks(
    namespaceOffset: number | undefined,
    unreachable: Map<number, number>,
  ): Sleepable<RankedPlace | undefined> {
    const { reader } = this.run
    const findings: Finding[] = []
    const log = new FindingLog(MOST_OTHERS, (finding) => findings.push(finding))
    const found = yield* findArenas(this.run.checkRun(log), namespaceOffset)
    const image = reader.name
    for (const { code, message, arena, offset } of findings as readonly ImageFinding[]) {
      if (code === 'ambiguous-btt') throw new AmbiguousBttError({ image }, message)
      if (code === 'pool-unwritten') throw new PoolWithoutLayoutError({ image }, message)
      if (code === 'arena-unreachable' && arena !== undefined && offset !== undefined)
        unreachable.set(arena, offset)
    }
    const [first] = found?.arenas ?? []
    if (first === undefined) return undefined
    return yield* this.readArena(first.offset, first.info, 'inferred')
  }

  /** An arena with an info block that can be used. */
  private *readArena(
    offset: number,
    first: InfoBlock,
    source: LayoutSource,
  ): Sleepable<RankedPlace | undefined> {
    const { primary, backup } = yield* examinePlace(this.run.reader, offset, this.around.end)
    const told: LayoutGuess[] = []
    const infos = { primary: usableInfo(primary), backup: usableInfo(backup) }
    if (infos.primary !== undefined) told.push({ source: 'primary', info: infos.primary })
    if (infos.backup !== undefined && infos.backup.info2off === backup.offset - offset) {
      const isNew = infos.primary === undefined || !isSameLayout(infos.primary, infos.backup)
      if (isNew) told.push({ source: 'backup', info: infos.backup })
    }
    const ranked = yield* this.rank(offset, told)
    const [best] = ranked
    if (best !== undefined && best.fit.isFlogRight && unusualLayoutFields(best.info).length === 0)
      return { offset, ranked }
    const { uuid, parentUuid, major, minor, externalLbasize, nfree } = best?.info ?? first
    const usual = { lbasizes: [externalLbasize], nfrees: [nfree, DEFAULT_NFREE] }
    const identity = { uuid, parentUuid, major, minor }
    const triedOut = (yield* this.tryOut(offset, identity, usual, undefined, source))
      .filter(isBelievable)
      .map((layout) => ({ ...layout, info: { ...layout.info, nextoff: (best?.info ?? first).nextoff } }))
      .filter(({ info }) => !ranked.some((told) => isSameLayout(told.info, info)))
    return { offset, ranked: [...ranked, ...triedOut].toSorted(byFit) }
  }

  /** Where the next arena is, if there is one. */
  private offsetAfter(
    offset: number,
    info: InfoBlock,
    index: number,
    unreachable: ReadonlyMap<number, number>,
  ): number | undefined {
    const before = this.byHand[index - 1]?.size
    const joined =
      before !== undefined && index < this.byHand.length ? offset + before : unreachable.get(index)
    const next = this.byHand[index]?.offset ?? (info.nextoff === 0 ? joined : offset + info.nextoff)
    return next !== undefined && next > offset && this.around.end - next >= MIN_ARENA_BYTES ? next : undefined
  }

  private *laterArena(
    offset: number,
    index: number,
    first: InfoBlock | undefined,
  ): Sleepable<RankedPlace | undefined> {
    if (first === undefined) return undefined
    const hand = this.byHand[index]
    const { arena } = yield* examinePlace(this.run.reader, offset, this.around.end)
    if (hand === undefined && arena?.info.externalLbasize === first.externalLbasize)
      return yield* this.readArena(offset, arena.info, 'other-arena')
    const { uuid, parentUuid, major, minor, externalLbasize, nfree } = first
    const usual = { lbasizes: [externalLbasize], nfrees: [nfree, DEFAULT_NFREE] }
    const identity = { uuid, parentUuid, major, minor }
    const all = yield* this.tryOut(offset, identity, usual, hand, 'other-arena')
    return { offset, ranked: all.filter(({ info }) => info.externalLbasize === externalLbasize) }
  }

  /** Tries out what an arena may have been, by what is usual or by what was given. */
  private *tryOut(
    offset: number,
    identity: Identity,
    usual: UsualNumbers,
    hand: InfoByHand | undefined,
    source: LayoutSource,
  ): Sleepable<readonly ConsideredLayout[]> {
    const { lbasizes = usual.lbasizes, nfrees = usual.nfrees, ...sizes } = numbersByHand(hand)
    const search = this.search.possibleCandidates(offset, identity, { lbasizes, nfrees, ...sizes })
    const { candidates, survivors } = yield* search
    const infos = candidates
      .map(({ info }) => ({ ...info, uuid: survivors[0]?.uuid ?? info.uuid }))
      .filter(({ externalLbasize }) => hand === undefined || lbasizes.includes(externalLbasize))
      .filter(({ nfree }) => hand?.nfree === undefined || nfree === hand.nfree)
    const left = hand ? layoutsByHand(infos, hand, this.around.end - offset) : infos
    const guesses = left.map((info): LayoutGuess => ({ source: hand ? 'by-hand' : source, info }))
    return yield* this.rank(offset, guesses)
  }

  /** The best first. Where the flog fits one, those that it does not fit are left out: reading a map takes long. */
  private *rank(offset: number, guesses: readonly LayoutGuess[]): Sleepable<ConsideredLayout[]> {
    const { run } = this
    const fitting: LayoutGuess[] = []
    for (const guess of guesses)
      if (yield* fitsFlog(run, { index: 0, offset, firstLba: 0, info: guess.info })) fitting.push(guess)
    const rated: ConsideredLayout[] = []
    for (const { source, info } of fitting.length > 0 ? fitting : guesses) {
      yield* run.pause()
      rated.push({ source, info, fit: yield* rateLayout(run, { index: 0, offset, firstLba: 0, info }) })
    }
    return rated.toSorted(byFit)
  }
}

/** What was given of the numbers by which layouts are made. */
function numbersByHand(hand: InfoByHand | undefined): Partial<UsualNumbers> {
  const lbasizes = hand && lbasizesByHand(hand)
  return {
    ...(lbasizes && { lbasizes }),
    ...(hand?.nfree !== undefined && { nfrees: [hand.nfree] }),
    ...(hand?.size !== undefined && { sizes: [hand.size] }),
  }
}
