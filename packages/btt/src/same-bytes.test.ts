/** The same operations, one after the other, leave the same bytes on every storage: whichever way they are stored and made durable. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sectorShape } from '@bttkit/btt-format'
import type { PmemProvider } from '@bttkit/interfaces'
import { SleepingFlushProvider } from '@bttkit/pmem-sleeping-flush'
import { Disk, type OwnLayers } from './disk.test-support.ts'
import { MIB, PassingProvider, sha256 } from './engine.test-support.ts'
import { applyStep, stepsWithin, type Limit, type Step } from './model-steps.test-support.ts'
import { describeOverStorages, repetitions } from './over-storages.test-support.ts'
import { everyFlush, storageNamed, type TestStorage } from './storages.test-support.ts'

const memory = storageNamed('memory')
const WINDOW_SECTORS = 12

const limitOf = (externalLbasize: number): Limit => {
  const { sectorSize } = sectorShape(externalLbasize)
  return { sectors: WINDOW_SECTORS, bytes: WINDOW_SECTORS * sectorSize }
}

/** Creates a BTT, takes the steps, and returns the digest of all bytes. The lanes are taken in turn, so that each step has its own everywhere. */
async function bytesAfter(
  steps: readonly Step[],
  externalLbasize: number,
  storage: TestStorage,
  layers: OwnLayers = {},
): Promise<string> {
  using disk = new Disk(storage, new Uint8Array(17 * MIB))
  await disk.create({ externalLbasize, nfree: 4, uuid: '01234567-89ab-cdef-0123-456789abcdef' }, layers)
  const attach = () => disk.attach({ lanePolicy: 'static', ...layers })
  let device = await attach()
  const model = new Uint8Array(limitOf(externalLbasize).bytes)
  for (const step of steps) {
    if (step.kind === 'reattach') device = await attach()
    else await applyStep(device, model, step)
  }
  await device.flush()
  return sha256(disk.bytes())
}

async function expectSameBytes(
  externalLbasize: number,
  numRuns: number,
  storage: TestStorage,
  layers: OwnLayers = {},
): Promise<void> {
  const digests = new Set<string>()
  await fc.assert(
    fc.asyncProperty(stepsWithin(limitOf(externalLbasize)), async (steps) => {
      const expected = await bytesAfter(steps, externalLbasize, memory)
      expect(await bytesAfter(steps, externalLbasize, storage, layers)).toBe(expected)
      digests.add(expected)
    }),
    { numRuns },
  )
  expect(digests.size).toBeGreaterThan(1)
}

describeOverStorages(
  (storage) => {
    test.each([512, 4104])(
      'sectors of %i bytes: the bytes are those over memory',
      async (externalLbasize) => {
        await expectSameBytes(externalLbasize, repetitions(storage, 20), storage)
      },
    )
  },
  everyFlush.filter(({ name }) => name !== memory.name),
)

test.each([
  ['share a flush', true],
  ['have one each', false],
])(
  'a flush of two milliseconds, and flog halves that %s: the bytes are those over memory',
  async (_what, sameLineOrdered) => {
    const over = (inner: PmemProvider): PmemProvider =>
      new SleepingFlushProvider(new PassingProvider(inner, { sameLineOrdered }), { flushDelayMs: 2 })
    await expectSameBytes(520, 5, memory, { over })
  },
)
