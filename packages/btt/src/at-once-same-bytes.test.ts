/** Any reads and writes, in whichever form, end as those of the sleepable form do, and leave the same bytes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { errorEntry, normalEntry } from '@bttkit/btt-format'
import { isBttkitError, type BlockOperations, type BttDevice } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { copyOf, sleepably } from './at-once.test-support.ts'
import { BadMedia, fill } from './bad-media.test-support.ts'
import { engine } from './engine.test-support.ts'
import { smallArenas } from './small-arenas.test-support.ts'

/** The operations stay in these sectors, so that they meet. The first are written, and three of those are not what they should be. */
const SECTORS = 12
const WRITTEN = 8
const [MARKED, HOSTILE, LOST] = [2, 4, 6]
const BEYOND = 2 ** 40

/** A medium on which one sector is an error, one has an entry that is none, and one has lost its block. */
function damaged(externalLbasize: number): BadMedia {
  const media = BadMedia.fresh({ externalLbasize })
  const { atomic, sectorSize } = media.attach()
  for (let lba = 0; lba < WRITTEN; lba++) atomic.write(lba, fill(lba + 1, sectorSize))
  const view = new DataView(media.memory.mapping.buffer)
  view.setUint32(media.entryOffset(MARKED), errorEntry(media.blockOf(MARKED)), true)
  view.setUint32(media.entryOffset(HOSTILE), normalEntry(0x3fff_fff0), true)
  return media
}

interface Step {
  /** Which of two forms. */
  readonly form: 0 | 1
  readonly kind: 'read' | 'write' | 'readBytes' | 'writeBytes' | 'zero'
  readonly sector: number
  /** Bytes from there on. */
  readonly within: number
  /** In sectors. */
  readonly count: number
  /** Of a range of bytes: beyond the sectors. */
  readonly rest: number
  readonly byte: number
  readonly hasMetadata: boolean
}

const many = <T>(weight: number, ...values: T[]) => ({ weight, arbitrary: fc.constantFrom(...values) })

/** Mostly of one whole sector; some reach beyond the device. */
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    form: fc.constantFrom(0, 1),
    kind: fc.constantFrom('read', 'write', 'write', 'readBytes', 'writeBytes', 'zero'),
    sector: fc.oneof({ weight: 20, arbitrary: fc.nat(SECTORS - 1) }, many(1, BEYOND)),
    within: fc.oneof(many(3, 0), { weight: 1, arbitrary: fc.nat(511) }),
    count: fc.oneof(many(6, 1), many(1, 0, 2, 3)),
    rest: fc.oneof(many(3, 0), { weight: 1, arbitrary: fc.nat(511) }),
    byte: fc.integer({ min: 1, max: 255 }),
    hasMetadata: fc.boolean(),
  }),
  { minLength: 30, maxLength: 120 },
)

type Form = Pick<
  BlockOperations<void | Promise<void>>,
  'read' | 'write' | 'readBytes' | 'writeBytes' | 'zero'
>

/** What it ends with: an error, or what was read. */
async function take(step: Step, form: Form, device: BttDevice, firstLba: number): Promise<string> {
  const { kind, sector, within, count, rest, byte, hasMetadata } = step
  const { sectorSize, metadataSize } = device
  const isRange = kind.endsWith('Bytes')
  const given = kind.startsWith('write') ? byte : 0xcc
  const data = fill(given, count * sectorSize + (isRange ? rest : 0))
  const metadata = hasMetadata && !isRange ? fill(given ^ 0xff, count * metadataSize) : undefined
  const lba = firstLba + sector
  try {
    if (kind === 'zero') await form.zero(lba, count)
    else if (kind === 'readBytes' || kind === 'writeBytes') await form[kind](lba * sectorSize + within, data)
    else await form[kind](lba, data, metadata)
  } catch (error) {
    if (!isBttkitError(error)) throw error
    return `${error.code}: ${error.message}`
  }
  return Buffer.concat([data, metadata ?? fill(0, 0)]).toString('base64')
}

interface Subject {
  readonly device: BttDevice
  readonly bytes: Uint8Array
}

/** The same steps on two copies, on one of them in two forms, on the other in the sleepable one. */
async function expectTheSame(
  make: () => Promise<Subject>,
  formsOf: (device: BttDevice) => readonly [Form, Form],
  firstLba = 0,
): Promise<void> {
  const ends = new Set<string>()
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const [subject, model] = [await make(), await make()]
      const forms = formsOf(subject.device)
      for (const step of sequence) {
        const end = await take(step, forms[step.form], subject.device, firstLba)
        expect(end).toBe(await take(step, sleepably(model.device), model.device, firstLba))
        ends.add(end.split(':', 1)[0] ?? '')
      }
      expect(Buffer.compare(subject.bytes, model.bytes)).toBe(0)
      expect(subject.device.statistics()).toEqual(model.device.statistics())
    }),
    { numRuns: 12 },
  )
  // Not only what is written and read: also what cannot be.
  for (const code of ['BTT_OUT_OF_RANGE', ...(firstLba === 0 ? ['BTT_SECTOR_ERROR', 'BTT_MAP_ENTRY'] : [])])
    expect([...ends]).toContain(code)
}

test.each<[string, number, (device: BttDevice) => readonly [Form, Form]]>([
  ['atomic and blocking', 512, (device) => [device.atomic, device.blocking]],
  ['atomic and asynchronous', 4104, (device) => [device.atomic, device]],
])('the %s forms, sectors of %i bytes with lost ones among them', async (_name, externalLbasize, formsOf) => {
  const media = damaged(externalLbasize)
  await expectTheSame(async () => {
    const copy = media.copy()
    copy.spoilSector(LOST)
    return { device: copy.attach(), bytes: copy.memory.mapping }
  }, formsOf)
})

test('the atomic and blocking forms, over the boundary of two arenas', async () => {
  const bytes = smallArenas()
  const [arena] = (await runAsync(engine.attach(copyOf(bytes)))).info.arenas
  await expectTheSame(
    async () => {
      const memory = copyOf(bytes)
      return { device: await runAsync(engine.attach(memory)), bytes: memory.mapping }
    },
    (device) => [device.atomic, device.blocking],
    (arena?.externalNlba ?? 0) - SECTORS / 2,
  )
})
