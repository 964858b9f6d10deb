/** Every field of every structure of an image, and what to put there. */
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  infoChecksum,
  infoFieldOffset,
  type InfoBlock,
} from '@bttkit/btt-format'

/** A number in an image. */
export interface Field {
  readonly name: string
  /** Byte of the image, and of its copy if it has one that changes with it. */
  readonly offsets: readonly number[]
  readonly bytes: number
  /** Info blocks of which the checksum is made right afterwards. */
  readonly checksumsOf?: readonly number[]
}

/** Bytes of each field; the uuids count as one number each. */
const INFO_FIELDS: readonly [field: Parameters<typeof infoFieldOffset>[0], bytes: number][] = [
  ['signature', 16],
  ['uuid', 16],
  ['parentUuid', 16],
  ['flags', 4],
  ['major', 2],
  ['minor', 2],
  ['externalLbasize', 4],
  ['externalNlba', 4],
  ['internalLbasize', 4],
  ['internalNlba', 4],
  ['nfree', 4],
  ['infosize', 4],
  ['nextoff', 8],
  ['dataoff', 8],
  ['mapoff', 8],
  ['logoff', 8],
  ['info2off', 8],
]
const RESERVED: readonly [name: string, at: number][] = [
  ['first reserved byte', 120],
  ['last reserved byte', 4087],
]

/** The fields of the info block at `offset` and of its backup, in one of them or in both. */
export function infoFields(offset: number, info: InfoBlock): Field[] {
  const copies = {
    primary: [offset],
    backup: [offset + info.info2off],
    both: [offset, offset + info.info2off],
  }
  const fields: Field[] = []
  for (const [copy, starts] of Object.entries(copies)) {
    const add = (name: string, at: number, bytes: number, checksumsOf: readonly number[]): void => {
      fields.push({ name: `${copy} ${name}`, offsets: starts.map((start) => start + at), bytes, checksumsOf })
    }
    for (const [field, bytes] of INFO_FIELDS) add(field, infoFieldOffset(field), bytes, starts)
    for (const [name, at] of RESERVED) add(name, at, 1, starts)
    add('checksum', infoFieldOffset('checksum'), 8, [])
    if (copy === 'both') continue
    for (const [field, bytes] of INFO_FIELDS)
      add(`${field} without checksum`, infoFieldOffset(field), bytes, [])
  }
  return fields
}

export function mapFields(
  offset: number,
  info: InfoBlock,
  premaps: Readonly<Record<string, number>>,
): Field[] {
  return Object.entries(premaps).map(([name, premap]) => ({
    name,
    offsets: [offset + info.mapoff + premap * MAP_ENTRY_BYTES],
    bytes: MAP_ENTRY_BYTES,
  }))
}

const SLOT_FIELDS = ['lba', 'oldMap', 'newMap', 'seq'] as const

/** @param slotNames of the four slots */
export function flogFields(
  offset: number,
  info: InfoBlock,
  lane: number,
  slotNames: readonly string[],
): Field[] {
  const group = offset + info.logoff + lane * FLOG_GROUP_BYTES
  return slotNames.flatMap((slot, index) =>
    SLOT_FIELDS.map((field, word) => ({
      name: `${slot} ${field}`,
      offsets: [group + index * FLOG_SLOT_BYTES + word * 4],
      bytes: 4,
    })),
  )
}

/** What may be put into a field. */
const VALUES = {
  '0': () => 0n,
  '1': () => 1n,
  max: (_old, bytes) => (1n << BigInt(8 * bytes)) - 1n,
  random: (_old, bytes) => RANDOM & ((1n << BigInt(8 * bytes)) - 1n),
  'lowest bit': (old) => old ^ 1n,
  'highest bit': (old, bytes) => old ^ (1n << BigInt(8 * bytes - 1)),
  'middle bit': (old, bytes) => old ^ (1n << BigInt(4 * bytes + 3)),
} as const satisfies Record<string, (old: bigint, bytes: number) => bigint>

export type ValueName = keyof typeof VALUES

export const VALUE_NAMES = Object.keys(VALUES) as ValueName[]
/** One of each kind. */
export const FIRST_VALUES: readonly ValueName[] = ['0', '1', 'max', 'random', 'lowest bit']

const RANDOM = 0x9e3779b97f4a7c15f39cc0605cedc835n

function load(bytes: Uint8Array, offset: number, length: number): bigint {
  return bytes.subarray(offset, offset + length).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function store(bytes: Uint8Array, offset: number, length: number, value: bigint): void {
  for (let i = 0; i < length; i++) bytes[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn)
}

/** Changes a field, calls `body`, and changes it back. Does nothing where the field has the value already. */
export function withField(
  image: Uint8Array,
  { offsets, bytes, checksumsOf = [] }: Field,
  value: ValueName,
  body: () => void,
): void {
  const [first = 0] = offsets
  const old = load(image, first, bytes)
  const changed = VALUES[value](old, bytes)
  if (changed === old) return
  const checksumAt = infoFieldOffset('checksum')
  const checksums = checksumsOf.map((start) => load(image, start + checksumAt, 8))
  for (const offset of offsets) store(image, offset, bytes, changed)
  for (const start of checksumsOf)
    store(image, start + checksumAt, 8, infoChecksum(image.subarray(start, start + 4096)))
  body()
  for (const offset of offsets) store(image, offset, bytes, old)
  for (const [index, start] of checksumsOf.entries())
    store(image, start + checksumAt, 8, checksums[index] ?? 0n)
}
