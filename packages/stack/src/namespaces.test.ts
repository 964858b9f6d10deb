/** Images of NVDIMMs with labels: which namespace is opened, and that nothing else of the image is touched. */
import { describe, expect, test } from 'vitest'
import { LABEL_ABSTRACTIONS, labelArea, type LabelFields } from '@bttkit/fixtures'
import { NamespaceError, ReadOnlyError, type PmemProvider } from '@bttkit/interfaces'
import { listNamespaces } from '@bttkit/btt'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { chooseNamespace } from './namespace-window.ts'
import { createStack } from './stack.ts'

const MIB = 2 ** 20
const ONE = '11111111-1111-4111-8111-111111111111'
const TWO = '22222222-2222-4222-8222-222222222222'
const RAW = '33333333-3333-4333-8333-333333333333'
/** Where labels begin. */
const END = 44 * MIB

const one: LabelFields = {
  uuid: ONE,
  name: 'one',
  dpa: 0,
  rawSize: 17 * MIB,
  abstraction: LABEL_ABSTRACTIONS.btt,
}
const raw: LabelFields = { uuid: RAW, name: 'raw', dpa: 17 * MIB, rawSize: MIB }
const two: LabelFields = {
  uuid: TWO,
  name: 'two',
  dpa: 20 * MIB,
  rawSize: 17 * MIB,
  abstraction: LABEL_ABSTRACTIONS.btt2,
}

const stack = createStack()

/** Why no BTT is attached; `undefined` where one is. It is no device, which nobody wants to see printed. */
async function refusalOf(provider: PmemProvider, namespace?: string): Promise<unknown> {
  return stack.attachImage(provider, { namespace }).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** All of it is 0xaa but for the labels and the BTTs, which are in the namespaces `one` and `two` where they have labels. */
async function nvdimm(
  labels: readonly LabelFields[],
  version: '1.1' | '1.2' = '1.2',
): Promise<Uint8Array<ArrayBuffer>> {
  const area = labelArea(version, labels)
  const bytes = new Uint8Array(END + area.length).fill(0xaa)
  bytes.set(area, END)
  for (const [{ uuid, dpa, rawSize }, format] of [
    [one, '1.1'],
    [two, '2.0'],
  ] as const) {
    if (!labels.some((label) => label.uuid === uuid)) continue
    const window = new MemoryProvider({ bytes: bytes.subarray(Number(dpa), Number(dpa) + Number(rawSize)) })
    const externalLbasize = format === '1.1' ? 512 : 4096
    await runCreate(window, { version: format, externalLbasize, parentUuid: uuid, uuid, force: true })
  }
  return bytes
}

async function runCreate(
  provider: PmemProvider,
  options: Parameters<ReturnType<typeof stack.engine>['create']>[1],
): Promise<void> {
  await runAsync(stack.engine().create(provider, options))
}

const over = (bytes: Uint8Array<ArrayBuffer>): MemoryProvider => new MemoryProvider({ bytes }, 'nvdimm')

const isSame = (before: Uint8Array, after: Uint8Array, from: number, to: number): boolean =>
  Buffer.compare(before.subarray(from, to), after.subarray(from, to)) === 0

describe.each(['1.1', '1.2'] as const)('with labels of version %s', (version) => {
  const wanted = [one, raw, two]

  test('what is written to a namespace changes nothing else of the image', async () => {
    const bytes = await nvdimm(wanted, version)
    const before = bytes.slice()
    const device = await stack.attachImage(over(bytes), { namespace: 'two' })
    expect(device.info).toMatchObject({ namespaceOffset: 0, sectorSize: 4096, format: { version: '2.0' } })
    await device.write(device.sectorCount - 300, new Uint8Array(300 * 4096).fill(7))
    await device.close()
    expect(isSame(before, bytes, 20 * MIB, 37 * MIB)).toBe(false)
    expect(isSame(before, bytes, 0, 20 * MIB)).toBe(true)
    expect(isSame(before, bytes, 37 * MIB, bytes.length)).toBe(true)
  })

  test('what was written is there again, and the other namespace is another disk', async () => {
    const bytes = await nvdimm(wanted, version)
    for (const [namespace, letter] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      const device = await stack.attachImage(over(bytes), { namespace })
      await device.write(0, new Uint8Array(device.sectorSize).fill(letter))
      await device.close()
    }
    const device = await stack.attachImage(over(bytes), { namespace: 'one', readOnly: true })
    const sector = new Uint8Array(512)
    await device.read(0, sector)
    expect(new Set(sector)).toEqual(new Set([1]))
    await device.close()
  })
})

test('a namespace is called by its UUID, its name or its number, in this order', async () => {
  const labels = [{ ...one, name: '2' }, { ...raw, name: TWO }, two]
  const area = labelArea('1.2', labels)
  const bytes = new Uint8Array(END + area.length)
  bytes.set(area, END)
  const namespaces = runAtomic(listNamespaces(over(bytes)))
  const numberOf = (wanted: string): number => chooseNamespace('nvdimm', namespaces, wanted).number
  expect([TWO, TWO.toUpperCase(), 'two', '2', '1', RAW].map(numberOf)).toEqual([2, 2, 2, 0, 1, 1])
})

const refusals: readonly [string, readonly LabelFields[], string | undefined, RegExp][] = [
  [
    'several, and none is named',
    [one, raw, two],
    undefined,
    /3 namespaces.*0 'one'.*1 'raw' .*raw, .*2 'two'/,
  ],
  ['one by a name that none has', [one, two], 'three', /called 'three'; there are 0 'one' .*1 'two'/],
  ['one by a name that several have', [one, { ...two, name: 'one' }], 'one', new RegExp(`${ONE}.*${TWO}`)],
  [
    'one that is spread over several NVDIMMs',
    [{ ...one, labelCount: 2 }],
    undefined,
    /spread over 2 NVDIMMs/,
  ],
  ['one beyond the label area', [{ ...one, dpa: 28 * MIB }], undefined, /no whole pages within/],
  ['one that overlaps another', [one, { ...two, dpa: 16 * MIB }], 'one', /bytes that another label has/],
]

test.each(refusals)('refused is %s', async (_, labels, namespace, says) => {
  const provider = over(await nvdimm(labels))
  const refusal = await refusalOf(provider, namespace)
  expect(refusal).toBeInstanceOf(NamespaceError)
  expect(String(refusal)).toMatch(says)
})

test('a namespace of an image without labels is none', async () => {
  const provider = over(await nvdimm([]))
  expect(String(await refusalOf(provider, '0'))).toContain('no label speaks for any')
})

test('the only namespace is opened without being named, wherever it is', async () => {
  const device = await stack.attachImage(over(await nvdimm([two])))
  expect(device.info.arenas[0]).toMatchObject({ uuid: TWO, offset: 0 })
  await device.close()
})

test('an offset leaves labels aside', async () => {
  const device = await stack.attachImage(over(await nvdimm([one, two])), { namespaceOffset: 20 * MIB })
  expect(device.info).toMatchObject({ namespaceOffset: 20 * MIB, arenas: [{ uuid: TWO }] })
  await device.close()
})

test('an offset within a namespace counts from its beginning', async () => {
  const options = { namespace: 'one', namespaceOffset: 4096 }
  const device = await stack.attachImage(over(await nvdimm([one, two])), options)
  expect(device.info).toMatchObject({ namespaceOffset: 4096, arenas: [{ uuid: ONE, offset: 4096 }] })
  await device.close()
})

test('a namespace for reading only is attached for reading only', async () => {
  const bytes = await nvdimm([{ ...one, flags: 1 }])
  expect(await refusalOf(over(bytes))).toBeInstanceOf(ReadOnlyError)
  const device = await stack.attachImage(over(bytes), { readOnly: true })
  expect(device.info.sectorSize).toBe(512)
  await device.close()
})

test.each(['PFN', 'DAX'])('memory that Linux has claimed (%s) is no BTT', async (claim) => {
  const bytes = await nvdimm([raw])
  bytes.set(new TextEncoder().encode(`NVDIMM_${claim}_INFO\0`), 17 * MIB + 4096)
  expect(String(await refusalOf(over(bytes)))).toContain(`holds '${claim.toLowerCase()}' memory of Linux`)
})

test('closing the device gives up the image', async () => {
  const provider = over(await nvdimm([one, two]))
  const device = await stack.attachImage(provider, { namespace: 'one' })
  await device.close()
  expect(() => provider.read(0, new Uint8Array(1))).toThrow('closed')
})
