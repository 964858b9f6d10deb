/**
 * Every field of a label area and of a pool header damaged: what a check says of it is in a table; it finds each change, but of the fields of which the table below says why nobody can; and
 * after a repair all sectors read as before.
 */
import { expect, test } from 'vitest'
import { listNamespaces } from '@bttkit/btt'
import { fletcher64 } from '@bttkit/btt-format'
import { LABEL_ABSTRACTIONS, labelArea, poolImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { FIRST_VALUES, withField, type Field } from './damaged-fields.test-support.ts'
import { INFO_OFFSET, check, infoOf, smallImage, storeInfo } from './image.test-support.ts'
import { examineLabels, planRepair, type FindingCode } from './index.ts'
import { repairBytes, sectorsOf } from './repair.test-support.ts'
import { verdictTable, type Outcome } from './verdict-table.test-support.ts'

const MIB = 2 ** 20
const UUID = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'

/** Bytes that are summed, and where the sum is among them. */
interface Summed {
  readonly start: number
  readonly length: number
  readonly at: number
}

/** A structure: each of its fields is damaged with the checksum made right, and one more time without. */
interface Structure {
  readonly name: string
  readonly fields: readonly (readonly [name: string, at: number, bytes: number])[]
  readonly start: number
  /** Absent where it has no checksum. */
  readonly sum?: Summed
}

/** Fields of which some values are as right as others, and why. Whatever else is changed is found. */
const UNTOLD: Readonly<Record<string, string>> = {
  'index flags': 'nobody has defined any',
  'index seq': 'the other index block is then the newer one',
  'index slot count': 'there may be fewer',
  'index minor': 'of those with labels of this size none is known to be wrong',
  'index free': 'labels come and go',
  'label uuid': 'it is what the BTT inside is compared with',
  'label name': 'it may be any',
  'label flags': 'for reading only, or being written',
  'label set cookie': 'only firmware knows it',
  'label lba size': 'what it means depends on who wrote it',
  'label reserved': 'nothing reads it',
  'label abstraction': 'without a claim a driver looks for itself',
  'header compatible': 'who does not know a feature may ignore it',
  'header incompatible': 'of the known features, any',
  'header read-only compatible': 'a pool with any may be read',
  'header uuid': 'of the part, which nothing else names',
  'header previous part uuid': 'a pool of several parts is not looked at',
  'header created': 'it may be any',
}

function isUntold(field: string): boolean {
  return Object.keys(UNTOLD).some((name) => field.endsWith(name))
}

type Bytes = Uint8Array<ArrayBuffer>

function* variants({ name, fields, start, sum }: Structure): Generator<{ field: Field; sum?: Summed }> {
  for (const [fieldName, at, bytes] of fields) {
    const field = { name: `${name} ${fieldName}`, offsets: [start + at], bytes }
    const isSum = sum !== undefined && start + at === sum.start + sum.at
    yield { field: isSum || sum === undefined ? field : { ...field, name: `${field.name}, not summed` } }
    if (sum !== undefined && !isSum) yield { field, sum }
  }
}

/** Makes the sum right, calls `body`, and puts it back. */
function whileSummed(image: Bytes, sum: Summed | undefined, body: () => void): void {
  if (sum === undefined) return body()
  const { start, length, at } = sum
  const view = new DataView(image.buffer)
  const before = view.getBigUint64(start + at, true)
  view.setBigUint64(start + at, fletcher64(image.subarray(start, start + length), at), true)
  body()
  view.setBigUint64(start + at, before, true)
}

/** Whether nothing was said of the structures; of the BTT inside some things are said anyway. */
function isUnremarked(says: string): boolean {
  return says.startsWith('clean') && !says.includes('label-')
}

/** Puts each value into each field of each structure. */
function damageEach(
  subject: string,
  image: Bytes,
  structures: readonly Structure[],
  judge: () => string,
): Outcome[] {
  const outcomes: Outcome[] = []
  for (const structure of structures) {
    for (const { field, sum } of variants(structure)) {
      // Without the right sum it does not matter what is there.
      const values = field.name.endsWith('not summed') ? (['random'] as const) : FIRST_VALUES
      for (const value of values)
        withField(image, field, value, () =>
          whileSummed(image, sum, () => outcomes.push({ subject, field: field.name, value, says: judge() })),
        )
    }
  }
  const missed = outcomes.filter(({ field, says }) => isUnremarked(says) && !isUntold(field))
  expect(missed).toEqual([])
  return outcomes
}

const INDEX_BYTES = 256
const INDEX_FIELDS = [
  ['signature', 0, 16],
  ['flags', 16, 3],
  ['label size', 19, 1],
  ['seq', 20, 4],
  ['myOff', 24, 8],
  ['mySize', 32, 8],
  ['otherOff', 40, 8],
  ['labelOff', 48, 8],
  ['slot count', 56, 4],
  ['major', 60, 2],
  ['minor', 62, 2],
  ['checksum', 64, 8],
  ['free', 72, 1],
] as const
const LABEL_FIELDS = [
  ['uuid', 0, 16],
  ['name', 16, 64],
  ['flags', 80, 4],
  ['label count', 84, 2],
  ['position', 86, 2],
  ['set cookie', 88, 8],
  ['lba size', 96, 8],
  ['dpa', 104, 8],
  ['raw size', 112, 8],
  ['slot', 120, 4],
  ['reserved', 124, 4],
] as const
const LABEL_FIELDS_12 = [
  ...LABEL_FIELDS,
  ['type', 128, 16],
  ['abstraction', 144, 16],
  ['checksum', 248, 8],
] as const

/** An NVDIMM with two namespaces: a BTT, and something else. */
function nvdimm(version: '1.1' | '1.2', sectorSize: number): { image: Bytes; structures: Structure[] } {
  const inside = smallImage(sectorSize)
  storeInfo(inside, INFO_OFFSET, { ...infoOf(inside, INFO_OFFSET), parentUuid: UUID })
  const area = labelArea(version, [
    { uuid: UUID, name: 'btt', dpa: MIB, rawSize: inside.length, abstraction: LABEL_ABSTRACTIONS.btt },
    { uuid: OTHER, name: 'other', dpa: 0, rawSize: MIB },
  ])
  const end = MIB + inside.length
  const image = new Uint8Array(end + area.length)
  image.set(inside, MIB)
  image.set(area, end)
  const labelAt = end + 2 * INDEX_BYTES
  const indexes = [0, 1].map((which) => {
    const start = end + which * INDEX_BYTES
    const name = which === 0 ? 'older index' : 'newer index'
    return { name, fields: INDEX_FIELDS, start, sum: { start, length: INDEX_BYTES, at: 64 } }
  })
  const label =
    version === '1.1'
      ? { name: 'label', fields: LABEL_FIELDS, start: labelAt }
      : {
          name: 'label',
          fields: LABEL_FIELDS_12,
          start: labelAt,
          sum: { start: labelAt, length: 256, at: 248 },
        }
  return { image, structures: [...indexes, label] }
}

test('fields of a label area', async () => {
  const outcomes = (['1.1', '1.2'] as const).flatMap((version) => {
    const { image, structures } = nvdimm(version, 4096)
    const provider = new MemoryProvider({ bytes: image })
    return damageEach(`labels/${version}`, image, structures, () => {
      const codes = new Set<string>()
      const { verdict } = runAtomic(
        examineLabels(provider, { onFinding: ({ code }: { code: string }) => codes.add(code) }),
      )
      const found = runAtomic(listNamespaces(provider)).map(({ content }) => content ?? 'none')
      return `${[verdict, ...codes].join(' ')}; namespaces: ${found.length === 0 ? 'none' : found.join(', ')}`
    })
  })
  const title = 'What a check says of a damaged label area, and which namespaces there are then.'
  await expect(verdictTable(title, outcomes)).toMatchFileSnapshot('damaged-labels.verdicts.txt')
})

const POOL_FIELDS = [
  ['signature', 0, 8],
  ['major', 8, 4],
  ['compatible', 12, 4],
  ['incompatible', 16, 4],
  ['read-only compatible', 20, 4],
  ['poolset uuid', 24, 16],
  ['uuid', 40, 16],
  ['previous part uuid', 56, 16],
  ['created', 120, 8],
  ['checksum', 4088, 8],
] as const

test('fields of a pool header', async () => {
  const outcomes = ['one-write-512', 'blk-4096'].flatMap((name) => {
    const image = Uint8Array.from(poolImage(name).bytes())
    const before = sectorsOf(new MemoryProvider({ bytes: image.slice() }))
    const structures = [
      { name: 'header', fields: POOL_FIELDS, start: 0, sum: { start: 0, length: 4096, at: 4088 } },
      { name: 'descriptor', fields: [['block size', 4096, 4]] as const, start: 0 },
    ]
    return damageEach(name, image, structures, () => {
      const { report, findings } = check(image)
      const codes = new Set(findings.map(({ code }) => code as FindingCode))
      const plan = runAtomic(
        planRepair(new MemoryProvider({ bytes: image }), { rebuild: true, resetUnknown: true }),
      )
      if (plan.after === 'clean') {
        const repaired = image.slice()
        repairBytes(repaired, { rebuild: true, resetUnknown: true })
        expect(sectorsOf(new MemoryProvider({ bytes: repaired }))).toEqual(before)
      }
      return `${[report.verdict, ...codes].join(' ')}; repaired: ${plan.after}`
    })
  })
  const title =
    'What a check says of a damaged pool header, and of the pool after a repair with --rebuild and --reset-unknown.'
  await expect(verdictTable(title, outcomes)).toMatchFileSnapshot('damaged-pool-header.verdicts.txt')
})
