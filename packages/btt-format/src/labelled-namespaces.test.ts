import { expect, test } from 'vitest'
import { LABEL_ABSTRACTIONS, LABEL_TYPES, labelArea, type LabelFields } from '@bttkit/fixtures'
import { decodeNamespaceLabels, labelledNamespaces, type LabelledNamespace } from './index.ts'

const MiB = 2 ** 20
/** Where the label area begins. */
const END = 64 * MiB
const ONE = '11111111-1111-4111-8111-111111111111'
const TWO = '22222222-2222-4222-8222-222222222222'

const first: LabelFields = { uuid: ONE, name: 'one', dpa: 0, rawSize: 16 * MiB }
const second: LabelFields = { uuid: TWO, name: 'two', dpa: 32 * MiB, rawSize: 32 * MiB }

function namespacesOf(labels: readonly LabelFields[], version: '1.1' | '1.2' = '1.2'): LabelledNamespace[] {
  const decoded = decodeNamespaceLabels(labelArea(version, labels))
  if (decoded === undefined) throw new Error('no label area was found')
  return labelledNamespaces(decoded, END)
}

/** Of the first namespace: what is wrong with it. */
function problemsOf(...labels: readonly LabelFields[]): string[] | undefined {
  return namespacesOf(labels)[0]?.problems.map(({ code }) => code)
}

test.each(['1.1', '1.2'] as const)(
  'labels of version %s speak for namespaces, in the order of their ranges',
  (version) => {
    expect(namespacesOf([second, first], version)).toMatchObject([
      { uuid: ONE, name: 'one', range: { offset: 0, length: 16 * MiB }, isReadOnly: false, problems: [] },
      {
        uuid: TWO,
        name: 'two',
        range: { offset: 32 * MiB, length: 32 * MiB },
        isReadOnly: false,
        problems: [],
      },
    ])
  },
)

test('labels of version 1.2 say what is in a namespace, those of 1.1 do not', () => {
  const said = { none: 'none', btt: 'btt 1.1', btt2: 'btt 2.0', pfn: 'pfn', dax: 'dax' } as const
  for (const [name, abstraction] of Object.entries(LABEL_ABSTRACTIONS)) {
    expect(namespacesOf([{ ...first, abstraction }])[0]).toMatchObject({
      abstraction: said[name as keyof typeof said],
    })
  }
  expect(namespacesOf([{ ...first, abstraction: TWO }])[0]?.abstraction).toBe('unknown')
  expect(namespacesOf([first], '1.1')[0]?.abstraction).toBeUndefined()
})

test.each([
  ['beyond the label area', { dpa: 48 * MiB + 4096, rawSize: 16 * MiB }],
  ['of no bytes', { dpa: 0, rawSize: 0 }],
  ['of half a page', { dpa: 0, rawSize: 16 * MiB + 2048 }],
  ['within a page', { dpa: 512, rawSize: 16 * MiB }],
  ['of more bytes than a number has', { dpa: 0, rawSize: 2n ** 53n }],
  ['that goes round', { dpa: 2n ** 64n - 4096n, rawSize: 8192 }],
])('a range %s is none', (_, range) => {
  expect(problemsOf({ ...first, ...range })).toEqual(['label-range'])
})

test('a range that ends where the label area begins is one', () => {
  expect(problemsOf({ ...first, rawSize: END })).toEqual([])
})

test('of labels with the same bytes none counts, also where one is within another', () => {
  const within = { ...second, dpa: 4 * MiB, rawSize: 4096 }
  const behind = { uuid: '33333333-3333-4333-8333-333333333333', dpa: 8 * MiB, rawSize: 16 * MiB }
  const problems = namespacesOf([first, within, behind]).map((namespace) => namespace.problems)
  expect(problems).toMatchObject(Array.from({ length: 3 }, () => [{ code: 'label-overlap' }]))
})

test('ranges that meet have no byte in common', () => {
  expect(namespacesOf([first, { ...second, dpa: 16 * MiB }]).flatMap(({ problems }) => problems)).toEqual([])
})

test('a namespace with several labels here is none', () => {
  const found = namespacesOf([first, { ...second, uuid: ONE }])
  expect(found).toMatchObject([
    { uuid: ONE, range: undefined, problems: [{ code: 'label-uuid', at: 512 + 256 }] },
  ])
})

test('of a namespace on several NVDIMMs only a part is here', () => {
  expect(problemsOf({ ...first, labelCount: 2, position: 1 })).toEqual(['label-set'])
})

test('what is no persistent memory is told by its type, or in labels of version 1.1 by a flag', () => {
  expect(problemsOf({ ...first, type: LABEL_TYPES.blockWindow })).toEqual(['label-type'])
  expect(problemsOf({ ...first, type: TWO })).toEqual(['label-type'])
  expect(namespacesOf([{ ...first, flags: 2 }], '1.1')[0]?.problems).toMatchObject([{ code: 'label-type' }])
})

test('a namespace may be for reading only, and its label in the making', () => {
  const [found] = namespacesOf([{ ...first, flags: 1 + 8 }])
  expect(found).toMatchObject({ isReadOnly: true, label: { isUpdating: true }, problems: [] })
})

test('a label that says that its place is another one is left aside', () => {
  const area = labelArea('1.2', [first, { ...second, slot: 0 }])
  expect(decodeNamespaceLabels(area)).toMatchObject({ labels: [{ uuid: ONE }], misplacedLabels: [512 + 256] })
})

test('a torn label is left aside', () => {
  const area = labelArea('1.2', [first, second])
  area[512 + 20] = 0xff
  expect(decodeNamespaceLabels(area)).toMatchObject({ labels: [{ uuid: TWO }], tornLabels: [512] })
})

test.each([
  ['what is not UTF-8', Uint8Array.of(0x61, 0xff, 0x62), 'a\uFFFDb'],
  ['what moves a cursor', 'a\u001B[2Jb', 'a\uFFFD[2Jb'],
  ['what turns the direction of text', 'a\u202Eb', 'a\uFFFDb'],
  ['a name of 64 bytes', 'n'.repeat(64), 'n'.repeat(64)],
])('%s is shown so that it does no harm', (_, name, shown) => {
  expect(namespacesOf([{ ...first, name }])[0]?.name).toBe(shown)
})
