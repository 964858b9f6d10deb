/** Trying layouts out on flog and map: those that info blocks tell, those that anybody makes, those that were given by hand. */
import type { Sleepable } from '@bttkit/interfaces'
import { unusualLayoutFields, type InfoBlock } from '@bttkit/btt-format'
import {
  LayoutSearch,
  examinePlace,
  usableInfo,
  type Identity,
  type Surroundings,
  type UsualNumbers,
} from '@bttkit/checker-image/parts'
import { guessNfree } from './guess-nfree.ts'
import { lbasizesByHand, layoutsByHand, type InfoByHand } from './info-by-hand.ts'
import { fitsFlog, rateLayout } from './rate-layout.ts'
import type { ConsideredLayout, LayoutSource } from './salvage-sink.ts'
import type { SalvageRun } from './salvage-run.ts'

/** So many sectors with a content, and hardly one that is wrong, are no accident. */
const TELLING_SECTORS = 16

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

interface LayoutGuess {
  readonly source: LayoutSource
  readonly info: InfoBlock
}

/** Whether sectors are found at the same places by both. */
function isSamePlaces(one: ConsideredLayout, other: ConsideredLayout): boolean {
  const placesIn = ({ offset, info }: ConsideredLayout): number[] => [
    offset + info.dataoff,
    offset + info.mapoff,
    info.internalLbasize,
  ]
  const others = placesIn(other)
  return placesIn(one).every((place, index) => place === others[index])
}

function isSameInfo(one: InfoBlock, other: InfoBlock): boolean {
  return LAYOUT_FIELDS.every((field) => one[field] === other[field])
}

/** Whether it is the same arena, but for who it is. */
export function isSameLayout(one: ConsideredLayout, other: ConsideredLayout): boolean {
  return one.offset === other.offset && isSameInfo(one.info, other.info)
}

export function isUnusual({ info }: ConsideredLayout): boolean {
  return unusualLayoutFields(info).length > 0
}

/** The better one first. Of several that are equally good the one that comes first stays so. */
export function byFit(one: ConsideredLayout, other: ConsideredLayout): number {
  return (
    Number(other.fit.isFlogRight) - Number(one.fit.isFlogRight) ||
    one.fit.damages - other.fit.damages ||
    Number(isUnusual(one)) - Number(isUnusual(other))
  )
}

/** Whether a layout that no info block tells may be believed: chance does not make it. */
export function isBelievable({ fit }: ConsideredLayout): boolean {
  const { isFlogRight, isMapRight, written } = fit
  return isFlogRight || (isMapRight && written >= TELLING_SECTORS)
}

/** Whether another layout fits as well, by which the sectors are elsewhere. */
export function hasRival(layout: ConsideredLayout, others: readonly ConsideredLayout[]): boolean {
  return others.some((other) => byFit(layout, other) >= 0 && !isSamePlaces(layout, other))
}

export class LayoutTrial {
  private readonly run: SalvageRun
  private readonly end: number
  private readonly search: LayoutSearch

  constructor(run: SalvageRun, around: Surroundings) {
    this.run = run
    this.end = around.end
    this.search = new LayoutSearch(run.reader, run.passes, around)
  }

  /** What the info blocks of an arena tell; the best first. */
  *told(offset: number): Sleepable<readonly ConsideredLayout[]> {
    const place = yield* examinePlace(this.run.reader, offset, this.end)
    const primary = usableInfo(place.primary)
    const backup = usableInfo(place.backup)
    const guesses: LayoutGuess[] = []
    if (primary !== undefined) guesses.push({ source: 'primary', info: primary })
    if (backup !== undefined && backup.info2off === place.backup.offset - offset) {
      const isOther = primary === undefined || !isSameInfo(primary, backup)
      if (isOther) guesses.push({ source: 'backup', info: backup })
    }
    return yield* this.rank(offset, guesses)
  }

  /** What anybody may have laid out; the best first. */
  *usual(
    offset: number,
    identity: Identity,
    usual: UsualNumbers,
    source: LayoutSource,
  ): Sleepable<readonly ConsideredLayout[]> {
    const infos = yield* this.possible(offset, identity, usual)
    return yield* this.rank(
      offset,
      infos.map((info) => ({ source, info })),
    )
  }

  /** What was given by hand leaves; the best first. @throws {LayoutError} where it leaves nothing */
  *byHand(
    offset: number,
    identity: Identity,
    usual: UsualNumbers,
    hand: InfoByHand,
  ): Sleepable<readonly ConsideredLayout[]> {
    const lbasizes = lbasizesByHand(hand) ?? usual.lbasizes
    const nfrees = hand.nfree === undefined ? usual.nfrees : [hand.nfree]
    const sizes = hand.size === undefined ? {} : { sizes: [hand.size] }
    const possible = yield* this.possible(offset, identity, { lbasizes, nfrees, ...sizes })
    // What is left of an info block says what else there may be, and not what somebody knows better.
    const open = possible.filter(
      ({ externalLbasize, nfree }) =>
        (lbasizesByHand(hand) === undefined || lbasizes.includes(externalLbasize)) &&
        (hand.nfree === undefined || nfree === hand.nfree),
    )
    const infos = layoutsByHand(open, hand, this.end - offset)
    return yield* this.rank(
      offset,
      infos.map((info) => ({ source: 'by-hand', info })),
    )
  }

  private *possible(offset: number, identity: Identity, usual: UsualNumbers): Sleepable<InfoBlock[]> {
    const nfrees = new Set(usual.nfrees)
    for (const size of usual.sizes ?? [this.end - offset]) {
      const nfree = yield* guessNfree(this.run, offset, size)
      if (nfree !== undefined) nfrees.add(nfree)
    }
    const numbers = { ...usual, nfrees: [...nfrees] }
    const { candidates, survivors } = yield* this.search.possibleCandidates(offset, identity, numbers)
    const [known] = survivors
    return candidates.map(({ info }) => ({ ...info, uuid: known?.uuid ?? info.uuid }))
  }

  /** Where the flog fits one, those that it does not fit are left out: reading a map takes long. */
  private *rank(offset: number, guesses: readonly LayoutGuess[]): Sleepable<ConsideredLayout[]> {
    const { run } = this
    const fitting: LayoutGuess[] = []
    for (const guess of guesses)
      if (yield* fitsFlog(run, { index: 0, offset, firstLba: 0, info: guess.info })) fitting.push(guess)
    const rated: ConsideredLayout[] = []
    for (const { source, info } of fitting.length > 0 ? fitting : guesses) {
      yield* run.pause()
      const fit = yield* rateLayout(run, { index: 0, offset, firstLba: 0, info })
      rated.push({ offset, source, info, fit })
    }
    return rated.toSorted(byFit)
  }
}
