/** The layouts that an arena may have had, by all that is known, and that its flog and map fit. */
import { LayoutError, type Sleepable } from '@bttkit/interfaces'
import {
  INFO_BLOCK_BYTES,
  MAX_NFREE,
  MIN_ARENA_BYTES,
  hasInfoSignature,
  infoChecksum,
  layOut,
  layoutProblems,
  type ArenaLayout,
  type InfoBlock,
  type LayoutDialect,
} from '@bttkit/btt-format'
import { examinePlace, type ExaminedPlace } from './examine-arena.ts'
import type { ImageReader } from './image-reader.ts'
import { readInfoCopy } from './info-copy.ts'
import { isSound } from './is-sound.ts'
import type { MapPasses } from './map-passes.ts'
import type { Surroundings } from './surroundings.ts'

const DIALECTS: readonly LayoutDialect[] = ['kernel', 'pmdk']

/** What is known of a BTT before its layout is. */
export interface Identity {
  readonly uuid: string
  readonly parentUuid: string
  readonly major: number
  readonly minor: number
}

/** One arena as it may have been. */
export interface Candidate {
  readonly place: ExaminedPlace
  readonly info: InfoBlock
}

/** What an arena may have had, whatever is left of its info blocks. */
export interface UsualNumbers {
  readonly lbasizes: readonly number[]
  readonly nfrees: readonly number[]
  /** Bytes of the arena; absent: all that is left of the namespace, and what is left of an info block says. */
  readonly sizes?: readonly number[]
}

interface LayoutGuess {
  readonly externalLbasize: number
  readonly nfree: number
  readonly sizeBytes: number
}

/** Sectors of several sizes have blocks of one size, and flog and map do not tell them apart; what is left of an info block may. */
function likeliest(found: readonly Candidate[], survivors: readonly InfoBlock[]): Candidate[] {
  const sizes = new Set(survivors.map(({ externalLbasize }) => externalLbasize))
  const named = found.filter(({ info }) => sizes.has(info.externalLbasize))
  return named.length > 0 ? named : [...found]
}

/** Each combination once. */
function guesses(
  survivors: readonly InfoBlock[],
  { lbasizes, nfrees: usual, sizes: given }: UsualNumbers,
  roomBytes: number,
): LayoutGuess[] {
  const sizes = new Set(given ?? [roomBytes])
  const nfrees = new Set(usual)
  const sectors = new Set(lbasizes)
  for (const { nfree, info2off, externalLbasize, internalNlba, externalNlba } of survivors) {
    sectors.add(externalLbasize)
    for (const spare of [nfree, internalNlba - externalNlba])
      if (spare >= 1 && spare <= MAX_NFREE) nfrees.add(spare)
    const size = info2off + INFO_BLOCK_BYTES
    if (given === undefined && Number.isSafeInteger(size) && size >= MIN_ARENA_BYTES && size <= roomBytes)
      sizes.add(size)
  }
  return [...sizes].flatMap((sizeBytes) =>
    [...sectors].flatMap((externalLbasize) =>
      [...nfrees].map((nfree) => ({ sizeBytes, externalLbasize, nfree })),
    ),
  )
}

/** The first arena of a layout, by both dialects; none where there is no such layout. */
function* layoutsOf(guess: LayoutGuess): Generator<ArenaLayout> {
  for (const dialect of DIALECTS) {
    try {
      const [first] = layOut({ ...guess, dialect })
      if (first !== undefined) yield first
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error
    }
  }
}

function infoBy(
  { size: _size, ...layout }: ArenaLayout,
  { externalLbasize, nfree }: LayoutGuess,
  identity: Identity,
): InfoBlock {
  return {
    ...identity,
    ...layout,
    externalLbasize,
    nfree,
    flags: 0,
    infosize: INFO_BLOCK_BYTES,
    checksum: 0n,
  }
}

/** Tries layouts out. */
export class LayoutSearch {
  private readonly reader: ImageReader
  private readonly passes: MapPasses
  private readonly around: Surroundings

  constructor(reader: ImageReader, passes: MapPasses, around: Surroundings) {
    this.reader = reader
    this.passes = passes
    this.around = around
  }

  /** The arenas that may have been at a place, by which everything else is in order. */
  *soundCandidates(
    offset: number,
    index: number,
    identity: Identity,
    usual: UsualNumbers,
  ): Sleepable<Candidate[]> {
    const found: Candidate[] = []
    const { candidates, survivors } = yield* this.possibleCandidates(offset, identity, usual)
    for (const candidate of candidates)
      if (yield* isSound(this.reader, this.passes, { index, offset, info: candidate.info, firstLba: 0 }))
        found.push(candidate)
    return likeliest(found, survivors)
  }

  /** The arenas that may have been at a place, whether flog and map fit them or not, and what is left of its info blocks. */
  *possibleCandidates(
    offset: number,
    identity: Identity,
    usual: UsualNumbers,
  ): Sleepable<{ candidates: Candidate[]; survivors: InfoBlock[] }> {
    const { end } = this.around
    if (end - offset < MIN_ARENA_BYTES) return { candidates: [], survivors: [] }
    const place = yield* examinePlace(this.reader, offset, end)
    const survivors = yield* this.survivorsAt(place)
    const possible = new Map<string, Candidate>()
    for (const guess of guesses(survivors, usual, end - offset)) {
      for (const layout of layoutsOf(guess)) {
        const info = infoBy(layout, guess, identity)
        const key = JSON.stringify({ ...info, checksum: undefined })
        if (!possible.has(key) && [...layoutProblems(info, end - offset)].length === 0)
          possible.set(key, { place, info })
      }
    }
    return { candidates: [...possible.values()], survivors }
  }

  /** What is left of the info blocks at a place: fields that may be right. One with its checksum comes first. */
  *survivorsAt({ primary, backup }: ExaminedPlace): Sleepable<InfoBlock[]> {
    const { reader } = this
    const room = this.around.end - primary.offset
    const copies = [primary, backup]
    // In an arena that is not as long as its place the backup is where the primary says, if that much of it is right.
    const info2off = primary.content?.info.info2off
    if (primary.hasSignature && info2off !== undefined)
      copies.push(yield* readInfoCopy(reader, primary.offset + info2off, room))
    const left = copies.flatMap(({ content }) => (content ? [content] : []))
    const isWhole = ({ bytes, info }: (typeof left)[number]): boolean =>
      info.checksum !== 0n && infoChecksum(bytes) === info.checksum
    const isOne = ({ bytes }: (typeof left)[number]): boolean => hasInfoSignature(bytes)
    return [...left.filter(isWhole), ...left.filter((one) => !isWhole(one) && isOne(one))].map(
      ({ info }) => info,
    )
  }
}
