/** The arenas of an image, and how each is laid out: by its info blocks where they tell, else by what was given by hand, else by what flog and map fit best. */
import {
  AmbiguousBttError,
  LayoutError,
  NotABttError,
  PoolWithoutLayoutError,
  type Finding,
  type Sleepable,
} from '@bttkit/interfaces'
import {
  DEFAULT_NFREE,
  KERNEL_LBASIZES,
  MIN_ARENA_BYTES,
  NULL_UUID,
  POOL_BTT_OFFSET,
  probePositions,
  type InfoBlock,
  type ProbePosition,
} from '@bttkit/btt-format'
import {
  FindingLog,
  examinePlace,
  findArenas,
  type Identity,
  type Surroundings,
  type UsualNumbers,
} from '@bttkit/checker-image/parts'
import type { InfoByHand } from './info-by-hand.ts'
import type { ConsideredLayout, LayoutSource, SalvagedArena } from './salvage-sink.ts'
import type { SalvageRun } from './salvage-run.ts'
import { LayoutTrial, byFit, isBelievable, isSameLayout, isUnusual } from './try-layouts.ts'

/** Of those that were not chosen. */
const MOST_OTHERS = 8
/** Of each code that says something of where arenas are. */
const MOST_FINDINGS = 8

/** The layouts that an arena may have. The first one counts. */
type Ranked = readonly ConsideredLayout[]

interface Place {
  readonly offset: number
  readonly identity: Identity
  readonly usual: UsualNumbers
}

/** Who an arena is, and how it may be laid out, as far as another one tells. */
function kinOf(info: InfoBlock): { identity: Identity; usual: UsualNumbers } {
  const { uuid, parentUuid, major, minor, externalLbasize, nfree } = info
  return {
    identity: { uuid, parentUuid, major, minor },
    usual: { lbasizes: [externalLbasize], nfrees: [nfree, DEFAULT_NFREE] },
  }
}

class LayoutChooser {
  private readonly run: SalvageRun
  private readonly around: Surroundings
  private readonly trial: LayoutTrial
  private readonly byHand: readonly InfoByHand[]
  /** Bytes of arenas to which none leads, by the index that they would have. */
  private readonly unreachable = new Map<number, number>()

  constructor(run: SalvageRun, around: Surroundings, byHand: readonly InfoByHand[]) {
    this.run = run
    this.around = around
    this.trial = new LayoutTrial(run, around)
    this.byHand = byHand
  }

  /** @param namespaceOffset where the info block of arena 0 is; absent: probe */
  *choose(namespaceOffset: number | undefined): Sleepable<SalvagedArena[]> {
    const arenas: SalvagedArena[] = []
    let [best, ...others] = yield* this.firstArena(namespaceOffset)
    let firstLba = 0
    while (best !== undefined) {
      const index = arenas.length
      arenas.push({ index, firstLba, ...best, others: others.slice(0, MOST_OTHERS) })
      firstLba += best.info.externalNlba
      const next = this.offsetAfter(best, index + 1)
      if (next === undefined) break
      ;[best, ...others] = yield* this.laterArena(next, index + 1, arenas[0]?.info ?? best.info)
    }
    return arenas
  }

  private *firstArena(namespaceOffset: number | undefined): Sleepable<Ranked> {
    const [hand] = this.byHand
    const given = hand?.offset ?? namespaceOffset
    if (hand === undefined) {
      const first = yield* this.findFirst(given)
      if (first !== undefined) return yield* this.layoutsAt(first, 'inferred')
    }
    const pool = this.around.pool?.header
    const places = probePositions(pool, given).map((position) => this.placeAt(position))
    const elsewhere = probePositions(pool, undefined).map((position) => this.placeAt(position))
    const ranked = yield* this.tryOut(
      places,
      given === undefined ? places : [...places, ...elsewhere],
      hand,
      'inferred',
    )
    const [best] = ranked
    if (best !== undefined && (hand !== undefined || isBelievable(best))) return ranked
    throw new NotABttError(
      { image: this.run.reader.name },
      'neither an info block nor flog and map tell how it is laid out; what is known of it may be given by hand',
    )
  }

  /** Arena 0 by its own info blocks. */
  private *findFirst(
    namespaceOffset: number | undefined,
  ): Sleepable<{ readonly offset: number; readonly info: InfoBlock } | undefined> {
    const image = this.run.reader.name
    const findings: Finding[] = []
    const log = new FindingLog(MOST_FINDINGS, (finding) => findings.push(finding))
    const found = yield* findArenas(this.run.checkRun(log), namespaceOffset)
    for (const { code, message, arena, offset } of findings) {
      if (code === 'ambiguous-btt') throw new AmbiguousBttError({ image }, message)
      if (code === 'pool-unwritten') throw new PoolWithoutLayoutError({ image }, message)
      if (code === 'arena-unreachable' && arena !== undefined && offset !== undefined)
        this.unreachable.set(arena, offset)
    }
    return found?.arenas[0]
  }

  /** A place where arena 0 may be, if no info block counts. */
  private placeAt({ offset, version }: ProbePosition): Place {
    const pool = offset === POOL_BTT_OFFSET ? this.around.pool?.header : undefined
    const [major, minor] = version === '2.0' ? [2, 0] : [1, 1]
    const identity = { uuid: NULL_UUID, parentUuid: pool?.poolsetUuid ?? NULL_UUID, major, minor }
    const lbasizes = pool === undefined ? KERNEL_LBASIZES : [...KERNEL_LBASIZES, pool.blockSize]
    return { offset, identity, usual: { lbasizes, nfrees: [DEFAULT_NFREE] } }
  }

  /**
   * Layouts by hand come first, whatever fits better.
   *
   * @param places where it may be
   * @param rivals where others are tried out, to find what fits better than what was given
   */
  private *tryOut(
    places: readonly Place[],
    rivals: readonly Place[],
    hand: InfoByHand | undefined,
    source: LayoutSource,
  ): Sleepable<Ranked> {
    const given = hand === undefined ? [] : yield* this.byHandAt(places, hand)
    if (given[0]?.fit.damages === 0) return given
    const others = new Map<string, ConsideredLayout>()
    for (const { offset, identity, usual } of hand === undefined ? places : rivals) {
      const nfrees = hand?.nfree === undefined ? usual.nfrees : [...usual.nfrees, hand.nfree]
      for (const layout of yield* this.trial.usual(offset, identity, { ...usual, nfrees }, source))
        others.set(JSON.stringify([offset, { ...layout.info, checksum: 0 }]), layout)
    }
    const rest = [...others.values()].filter((other) => !given.some((one) => isSameLayout(one, other)))
    const [first, ...more] = given
    return first === undefined ? rest.toSorted(byFit) : [first, ...[...more, ...rest].toSorted(byFit)]
  }

  /** @throws {LayoutError} where what was given leaves nothing at any of the places */
  private *byHandAt(places: readonly Place[], hand: InfoByHand): Sleepable<Ranked> {
    const found: ConsideredLayout[] = []
    let refusal: unknown
    for (const { offset, identity, usual } of places) {
      try {
        found.push(...(yield* this.trial.byHand(offset, identity, usual, hand)))
      } catch (error) {
        if (!(error instanceof LayoutError)) throw error
        refusal = error
      }
    }
    if (found.length === 0) throw refusal
    return found.toSorted(byFit)
  }

  /** The layouts of an arena with an info block that can be used. Others are tried out where it tells what cannot be. */
  private *layoutsAt(
    { offset, info }: { readonly offset: number; readonly info: InfoBlock },
    source: LayoutSource,
  ): Sleepable<Ranked> {
    const told = yield* this.trial.told(offset)
    const [best] = told
    if (best?.fit.isFlogRight === true && !isUnusual(best)) return told
    const { identity, usual } = kinOf(best?.info ?? info)
    const { nextoff } = best?.info ?? info
    const others = (yield* this.trial.usual(offset, identity, usual, source))
      .filter(isBelievable)
      .map((layout) => ({ ...layout, info: { ...layout.info, nextoff } }))
      .filter((layout) => !told.some((one) => isSameLayout(one, layout)))
    return [...told, ...others].toSorted(byFit)
  }

  /** Where the next arena is, if there is one. */
  private offsetAfter({ offset, info }: ConsideredLayout, index: number): number | undefined {
    const { nextoff } = info
    const [before, hand] = [this.byHand[index - 1], this.byHand[index]]
    const isJoined = hand !== undefined && before?.size !== undefined
    const behind = isJoined ? offset + (before.size ?? 0) : this.unreachable.get(index)
    const next = hand?.offset ?? (nextoff === 0 ? behind : offset + nextoff)
    return next !== undefined && next > offset && this.around.end - next >= MIN_ARENA_BYTES ? next : undefined
  }

  private *laterArena(offset: number, index: number, first: InfoBlock): Sleepable<Ranked> {
    const hand = this.byHand[index]
    const { arena } = yield* examinePlace(this.run.reader, offset, this.around.end)
    if (hand === undefined && arena?.info.externalLbasize === first.externalLbasize)
      return yield* this.layoutsAt(arena, 'other-arena')
    const places = [{ offset, ...kinOf(first) }]
    const ranked = yield* this.tryOut(places, places, hand, 'other-arena')
    // What is left of an info block may tell of sectors of another size, which a BTT does not have.
    return ranked.filter(
      ({ source, info }) => source === 'by-hand' || info.externalLbasize === first.externalLbasize,
    )
  }
}

/**
 * @param byHand what is known of the arenas, from the first on
 * @param namespaceOffset where the info block of arena 0 is; absent: probe
 */
export function* chooseLayouts(
  run: SalvageRun,
  around: Surroundings,
  byHand: readonly InfoByHand[],
  namespaceOffset: number | undefined,
): Sleepable<SalvagedArena[]> {
  return yield* new LayoutChooser(run, around, byHand).choose(namespaceOffset)
}
