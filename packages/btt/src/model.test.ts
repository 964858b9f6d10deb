import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KERNEL_LBASIZES, sectorShape } from '@bttkit/btt-format'
import type { BttDevice } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { MIB, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'

/** Sectors at the start of the device that the operations stay in, so that they meet. */
const WINDOW_SECTORS = 40

type Step =
  | {
      readonly kind: 'write' | 'read' | 'zero' | 'writeBytes' | 'readBytes' | 'zeroBytes'
      readonly at: number
      readonly length: number
      readonly seed: number
    }
  | { readonly kind: 'reattach' }

const steps = (limit: { sectors: number; bytes: number }): fc.Arbitrary<Step[]> => {
  const range = (most: number): fc.Arbitrary<{ at: number; length: number }> =>
    fc.tuple(fc.nat(most), fc.nat(most)).map(([a, b]) => ({ at: Math.min(a, b), length: Math.abs(a - b) }))
  const step = (kind: Exclude<Step['kind'], 'reattach'>, most: number): fc.Arbitrary<Step> =>
    fc
      .tuple(range(most), fc.integer({ min: 1, max: 255 }))
      .map(([{ at, length }, seed]) => ({ kind, at, length, seed }))
  return fc.array(
    fc.oneof(
      step('write', limit.sectors),
      step('read', limit.sectors),
      step('zero', limit.sectors),
      step('writeBytes', limit.bytes),
      step('readBytes', limit.bytes),
      step('zeroBytes', limit.bytes),
      fc.constant<Step>({ kind: 'reattach' }),
    ),
    { minLength: 1, maxLength: 40 },
  )
}

function fill(target: Uint8Array, seed: number): Uint8Array {
  for (let i = 0; i < target.length; i++) target[i] = (seed + i * 31) & 0xff
  return target
}

/** The same step on the device and on a plain array; throws where they differ. */
function apply(device: BttDevice, model: Uint8Array, step: Exclude<Step, { kind: 'reattach' }>): void {
  const { kind, at, length, seed } = step
  const unit = kind.endsWith('Bytes') ? 1 : device.sectorSize
  const [start, end] = [at * unit, (at + length) * unit]
  switch (kind) {
    case 'write':
    case 'writeBytes':
      fill(model.subarray(start, end), seed)
      device.atomic[kind](at, model.slice(start, end))
      break
    case 'zero':
    case 'zeroBytes':
      model.fill(0, start, end)
      device.atomic[kind](at, length)
      break
    default: {
      const target = new Uint8Array(end - start).fill(0xcc)
      device.atomic[kind](at, target)
      expect(Buffer.compare(target, model.subarray(start, end))).toBe(0)
    }
  }
}

test.each(KERNEL_LBASIZES.map((lbasize) => [lbasize] as const))(
  'any sequence of operations on sectors of %i bytes does what it does to a plain array',
  (externalLbasize) => {
    const { sectorSize } = sectorShape(externalLbasize)
    const pristine = freshMemory(17 * MIB, { externalLbasize, nfree: 8 }).mapping
    const limit = { sectors: WINDOW_SECTORS, bytes: WINDOW_SECTORS * sectorSize }
    fc.assert(
      fc.property(steps(limit), (sequence) => {
        const bytes = pristine.slice()
        let device = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'model')))
        const model = new Uint8Array(limit.bytes)
        for (const step of sequence) {
          if (step.kind === 'reattach')
            device = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'model')))
          else apply(device, model, step)
        }
        const end = new Uint8Array(limit.bytes)
        runAtomic(engine.attach(new MemoryProvider({ bytes }, 'model'), { readOnly: true })).atomic.readBytes(
          0,
          end,
        )
        expect(Buffer.compare(end, model)).toBe(0)
        expect(bijectionProblems(bytes, 4096)).toEqual([])
      }),
      { numRuns: 25 },
    )
  },
)

test('metadata travels with its sector, becomes zeros without any, and stays where only a part of the sector is written', () => {
  const device = runAtomic(engine.attach(freshMemory(17 * MIB, { externalLbasize: 520 })))
  const [sector, metadata] = [new Uint8Array(512), new Uint8Array(8)]
  device.atomic.write(5, sector.fill(1), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  device.atomic.writeBytes(5 * 512 + 100, Uint8Array.of(9))
  device.atomic.read(5, sector, metadata)
  expect([...metadata]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(sector[100]).toBe(9)
  device.atomic.write(5, sector)
  device.atomic.read(5, sector, metadata)
  expect([...metadata]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
})

test('sectors that were never written read as zeros, or as Linux reads them on request', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512 })
  const { dataoff } = runAtomic(engine.attach(memory)).info.arenas[0] ?? { dataoff: 0 }
  memory.mapping.fill(0x77, 4096 + dataoff, 4096 + dataoff + 512)
  const sector = new Uint8Array(512).fill(1)
  runAtomic(engine.attach(memory)).atomic.read(0, sector)
  expect(sector.every((byte) => byte === 0)).toBe(true)
  runAtomic(engine.attach(memory, { initialSectors: 'identity' })).atomic.read(0, sector)
  expect(sector.every((byte) => byte === 0x77)).toBe(true)
})
