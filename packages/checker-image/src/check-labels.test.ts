import { expect, test } from 'vitest'
import { LABEL_ABSTRACTIONS, labelArea, namespaceImages, type LabelFields } from '@bttkit/fixtures'
import type { Finding } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, check, infoOf, smallImage, storeInfo } from './image.test-support.ts'
import { examineImage, examineLabels, planRepair, type ImageReport } from './index.ts'

const MIB = 2 ** 20
const UUID = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'

/** A BTT 1.1 that has the namespace for its parent. */
const inside = smallImage(4096)
storeInfo(inside, INFO_OFFSET, { ...infoOf(inside, INFO_OFFSET), parentUuid: UUID })
const END = inside.length + MIB

const btt: LabelFields = {
  uuid: UUID,
  name: 'btt',
  dpa: MIB,
  rawSize: inside.length,
  abstraction: LABEL_ABSTRACTIONS.btt,
}

/** The BTT behind something else, and labels. */
function nvdimm(labels: readonly LabelFields[], version: '1.1' | '1.2' = '1.2'): Uint8Array<ArrayBuffer> {
  const area = labelArea(version, labels)
  const bytes = new Uint8Array(END + area.length)
  bytes.set(inside, MIB)
  bytes.set(area, END)
  return bytes
}

function labelsOf(bytes: Uint8Array<ArrayBuffer>): { report: ImageReport; findings: Finding[] } {
  const findings: Finding[] = []
  const onFinding = (finding: Finding): unknown => findings.push(finding)
  return { report: runAtomic(examineLabels(new MemoryProvider({ bytes }), { onFinding })), findings }
}

test.each(['1.1', '1.2'] as const)('labels of version %s that are as they should be are clean', (version) => {
  expect(labelsOf(nvdimm([btt], version))).toMatchObject({ report: { verdict: 'clean' }, findings: [] })
})

test.each([
  ['label-slot', 'damaged', { slot: 3 }],
  ['label-updating', 'clean', { flags: 8 }],
  ['label-range', 'damaged', { rawSize: END }],
  ['label-set', 'unreadable', { labelCount: 4, position: 2 }],
  ['label-type', 'unreadable', { type: OTHER }],
  ['label-content', 'damaged', { abstraction: LABEL_ABSTRACTIONS.btt2 }],
  ['label-content', 'damaged', { abstraction: LABEL_ABSTRACTIONS.pfn }],
  ['label-content', 'damaged', { dpa: 0, rawSize: MIB }],
])('%s: the image is %s for %o', (code, verdict, fields) => {
  const { report, findings } = labelsOf(nvdimm([{ ...btt, ...fields }]))
  expect(findings).toMatchObject([{ code, offset: END + 512 }])
  expect(report.verdict).toBe(verdict)
})

test.each(namespaceImages())('nothing is wrong with the labels of $name, which Linux made', (image) => {
  expect(labelsOf(Uint8Array.from(image.bytes()))).toMatchObject({
    report: { verdict: 'clean' },
    findings: [],
  })
})

test('a BTT 1.1 where the label does not say what there is will be found by drivers', () => {
  expect(labelsOf(nvdimm([{ ...btt, abstraction: LABEL_ABSTRACTIONS.none }])).findings).toEqual([])
})

test('labels with the same UUID, and with the same bytes, are told at each of them', () => {
  const { findings } = labelsOf(
    nvdimm([btt, { ...btt, dpa: 0, rawSize: MIB }, { ...btt, uuid: OTHER, rawSize: MIB }]),
  )
  expect(findings.map(({ code, offset }) => [code, offset])).toEqual([
    ['label-uuid', END + 512],
    ['label-overlap', END + 512],
    ['label-overlap', END + 512 + 512],
  ])
})

test('a namespace is held against its own label, which is not in it', () => {
  const namespace = { uuid: UUID }
  expect(check(inside, { namespace }).findings).toEqual([])
  expect(check(inside, { namespace: { uuid: OTHER } }).findings).toMatchObject([{ code: 'parent-uuid' }])
})

test('a check of a namespace finds what is wrong with the labels of its NVDIMM, when it gets that', () => {
  const findings: Finding[] = []
  const onFinding = (finding: Finding): unknown => findings.push(finding)
  const whole = new MemoryProvider({ bytes: nvdimm([{ ...btt, flags: 8 }]) })
  const namespace = { uuid: UUID, nvdimm: whole }
  runAtomic(examineImage(new MemoryProvider({ bytes: inside }), { namespace, onFinding }))
  expect(findings).toMatchObject([{ code: 'label-updating', offset: END + 512 }])
})

test('a repair sets the parent UUID of the namespace that it is told', () => {
  const plan = runAtomic(planRepair(new MemoryProvider({ bytes: inside.slice() }), { namespaceUuid: OTHER }))
  expect([plan.before, plan.after, plan.steps[0]?.repair]).toEqual(['damaged', 'clean', 'set-parent-uuid'])
})
