/** What somebody knows of the info blocks of which nothing survives. Everything is optional; what is left open is tried out. */
import * as v from 'valibot'
import { LayoutError } from '@bttkit/interfaces'
import {
  KERNEL_LBASIZES,
  MAX_INTERNAL_NLBA,
  MAX_NFREE,
  isUuid,
  layoutProblems,
  sectorShape,
  type InfoBlock,
} from '@bttkit/btt-format'

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const atLeastOne = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const blocks = v.pipe(atLeastOne, v.maxValue(MAX_INTERNAL_NLBA))

const ArenaByHand = v.strictObject({
  /** Byte of the storage at which the arena starts. */
  offset: v.optional(bytes),
  /** Bytes of the arena, its backup info block included. */
  size: v.optional(atLeastOne),
  /** Bytes of a sector without its metadata. */
  sectorSize: v.optional(atLeastOne),
  externalLbasize: v.optional(atLeastOne),
  internalLbasize: v.optional(atLeastOne),
  externalNlba: v.optional(blocks),
  internalNlba: v.optional(blocks),
  nfree: v.optional(v.pipe(atLeastOne, v.maxValue(MAX_NFREE))),
  nextoff: v.optional(bytes),
  dataoff: v.optional(bytes),
  mapoff: v.optional(bytes),
  logoff: v.optional(bytes),
  info2off: v.optional(bytes),
  uuid: v.optional(v.pipe(v.string(), v.check(isUuid, 'It is no UUID'))),
})

/** What is known of one arena. Offsets but the first are bytes from its start, as in an info block. */
export type InfoByHand = v.InferOutput<typeof ArenaByHand>

const InfosByHand = v.union([
  v.pipe(
    v.strictObject({ arenas: v.pipe(v.array(ArenaByHand), v.minLength(1)) }),
    v.transform(({ arenas }) => arenas),
  ),
  v.pipe(v.array(ArenaByHand), v.minLength(1)),
  v.pipe(
    ArenaByHand,
    v.transform((arena) => [arena]),
  ),
])

/** The names that there are. */
export const INFO_FIELDS: readonly string[] = Object.keys(ArenaByHand.entries)

function firstIssue(value: unknown): string {
  // The union says only that none of its forms fits.
  const list = typeof value === 'object' && value !== null && 'arenas' in value ? value.arenas : value
  const schema = Array.isArray(list) ? v.array(ArenaByHand) : ArenaByHand
  const [issue] = v.safeParse(schema, list).issues ?? []
  return issue === undefined ? 'there is no arena in it' : `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`
}

/**
 * Checks what somebody gave: one arena, a list of them, or `{ arenas: […] }`.
 *
 * @throws {LayoutError} naming the first value that cannot be
 */
export function checkInfoByHand(value: unknown): readonly InfoByHand[] {
  const { success, output } = v.safeParse(InfosByHand, value)
  if (!success) throw new LayoutError({}, `the info block by hand cannot be: ${firstIssue(value)}`)
  for (const arena of output) if (lbasizesByHand(arena)?.length === 0) refuseSizes(arena)
  return output
}

function refuseSizes({ sectorSize, externalLbasize }: InfoByHand): never {
  const message = `an external LBA size of ${externalLbasize} has no sectors of ${sectorSize} bytes`
  throw new LayoutError({}, `the info block by hand cannot be: ${message}`)
}

/** The external LBA sizes that it leaves; `undefined` for all. */
export function lbasizesByHand({ sectorSize, externalLbasize }: InfoByHand): readonly number[] | undefined {
  if (sectorSize === undefined) return externalLbasize === undefined ? undefined : [externalLbasize]
  const sizes = externalLbasize === undefined ? [...KERNEL_LBASIZES, sectorSize] : [externalLbasize]
  return [...new Set(sizes)].filter((size) => sectorShape(size).sectorSize === sectorSize)
}

const GIVEN = [
  'internalLbasize',
  'externalNlba',
  'internalNlba',
  'nextoff',
  'dataoff',
  'mapoff',
  'logoff',
  'info2off',
  'uuid',
] as const satisfies readonly (keyof InfoByHand & keyof InfoBlock)[]

/** A layout with the values that were given in place of its own. */
function withGiven(info: InfoBlock, hand: InfoByHand): InfoBlock {
  const given = Object.fromEntries(
    GIVEN.flatMap((field) => (hand[field] === undefined ? [] : [[field, hand[field]]])),
  )
  const { externalNlba, internalNlba } = hand
  const rest =
    internalNlba === undefined && externalNlba !== undefined
      ? { internalNlba: externalNlba + info.nfree }
      : internalNlba !== undefined && externalNlba === undefined
        ? { externalNlba: internalNlba - info.nfree }
        : {}
  return { ...info, ...given, ...rest }
}

/**
 * The layouts that what was given leaves.
 *
 * @param possible by the sizes and the nfree that were given
 * @param roomBytes from the start of the arena to the end of the storage
 * @throws {LayoutError} when it leaves none
 */
export function layoutsByHand(
  possible: readonly InfoBlock[],
  hand: InfoByHand,
  roomBytes: number,
): readonly InfoBlock[] {
  const fitting = possible.filter(({ internalLbasize }) => internalLbasize === hand.internalLbasize)
  const found = new Map<string, InfoBlock>()
  let problem = 'there is no room for such an arena'
  for (const info of fitting.length > 0 ? fitting : possible) {
    const layout = withGiven(info, hand)
    const [first] = layoutProblems(layout, roomBytes)
    if (first === undefined) found.set(JSON.stringify({ ...layout, checksum: undefined }), layout)
    else problem = first.problem
  }
  if (found.size === 0) throw new LayoutError({}, `the info block by hand does not fit the image: ${problem}`)
  return [...found.values()]
}
