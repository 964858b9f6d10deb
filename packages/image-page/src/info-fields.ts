/** The two info blocks of an arena, field by field. */
import type { InfoCopy, ObservedPlace } from '@bttkit/checker-image'
import { firstReservedByte, infoFieldOffset, type InfoBlock } from '@bttkit/btt-format'
import { anchors } from './anchors.ts'
import type { FindingPlaces } from './finding-places.ts'
import { grouped, hex, sizeText } from './numbers.ts'
import { shortened } from './page-limits.ts'
import type { InfoField, InfoModel } from './page-model.ts'

interface FieldKind {
  readonly name: keyof InfoBlock | 'signature' | 'reserved'
  readonly meaning: string
  readonly text: (copy: NonNullable<InfoCopy['content']>, hasSignature: boolean) => string
}

/** What is a number in the block. */
type NumberField = {
  [Name in keyof InfoBlock]: InfoBlock[Name] extends number ? Name : never
}[keyof InfoBlock]

const plain = (name: NumberField, meaning: string): FieldKind => {
  return { name, meaning, text: ({ info }) => grouped(info[name]) }
}

const bytes = (name: NumberField, meaning: string): FieldKind => {
  return { name, meaning, text: ({ info }) => `${grouped(info[name])} (${sizeText(info[name])})` }
}

/** In their order in the block. */
const FIELDS: readonly FieldKind[] = [
  {
    name: 'signature',
    meaning: 'the words that an info block begins with',
    text: (_, hasSignature) => (hasSignature ? 'BTT_ARENA_INFO' : 'missing'),
  },
  {
    name: 'uuid',
    meaning: 'the name of this BTT; all its arenas have the same',
    text: ({ info }) => info.uuid,
  },
  {
    name: 'parentUuid',
    meaning: 'the name of the namespace or pool around it; zeros for none',
    text: ({ info }) => info.parentUuid,
  },
  {
    name: 'flags',
    meaning: '1 where a driver gave the arena up for writing',
    text: ({ info }) => hex(info.flags),
  },
  plain('major', 'the version of the format'),
  plain('minor', 'and behind the point'),
  bytes('externalLbasize', 'bytes of a sector, as whoever uses the disk sees it'),
  plain('externalNlba', 'sectors that the arena offers'),
  bytes('internalLbasize', 'bytes from one block to the next'),
  plain('internalNlba', 'blocks that the arena has: one a sector, and the free ones'),
  plain('nfree', 'free blocks, and as many lanes'),
  bytes('infosize', 'bytes of this block'),
  bytes('nextoff', 'bytes from here to the next arena; 0 in the last'),
  bytes('dataoff', 'where the data begins, in bytes from the start of the arena'),
  bytes('mapoff', 'where the map begins'),
  bytes('logoff', 'where the flog begins'),
  bytes('info2off', 'where the copy of this block is'),
  {
    name: 'reserved',
    meaning: 'for versions to come; zeros',
    text: (copy) => {
      const at = firstReservedByte(copy.bytes)
      return at === undefined ? 'zeros' : `not zero at byte ${at}`
    },
  },
  {
    name: 'checksum',
    meaning: 'made of all the rest; a block that was torn or changed does not have it',
    text: ({ info }) => hex(info.checksum),
  },
]

/** Of the block. */
function startOf({ name }: FieldKind): number {
  return name === 'reserved' ? infoFieldOffset('info2off') + 8 : infoFieldOffset(name)
}

/** The field that a byte of an info block is in. */
export function fieldAt(byte: number): string {
  return FIELDS.findLast((field) => startOf(field) <= byte)?.name ?? 'signature'
}

function textOf({ content, hasSignature }: InfoCopy, field: FieldKind): string | undefined {
  if (content === undefined) return undefined
  // What has no signature is something else, and its numbers mean nothing.
  return hasSignature || field.name === 'signature' ? field.text(content, hasSignature) : undefined
}

function flawsOf({ flaws }: InfoCopy): string[] {
  return flaws.map(({ problem }) => shortened(problem))
}

export function infoModel(place: ObservedPlace, places: FindingPlaces): InfoModel {
  const { index, primary, backup, source } = place
  const fields = FIELDS.map((field): InfoField => {
    const { name, meaning } = field
    const [first, second] = [textOf(primary, field), textOf(backup, field)]
    const anchor = anchors.field(index, name)
    const isDifferent = first !== undefined && second !== undefined && first !== second
    return { name, meaning, primary: first, backup: second, isDifferent, anchor, findings: places.at(anchor) }
  })
  return {
    anchor: anchors.part(index, 'info-blocks'),
    source,
    primaryFlaws: flawsOf(primary),
    backupFlaws: flawsOf(backup),
    fields,
  }
}
