/** Random operations on a device, and the same on a plain array. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Driven } from './disk.test-support.ts'

export type Step =
  | {
      readonly kind: 'write' | 'read' | 'zero' | 'writeBytes' | 'readBytes' | 'zeroBytes'
      readonly at: number
      readonly length: number
      readonly seed: number
    }
  | { readonly kind: 'reattach' }

/** How far from the start of the device the operations may reach. */
export interface Limit {
  readonly sectors: number
  readonly bytes: number
}

/** Any operations within the limit, and attaching again between them. */
export function stepsWithin(limit: Limit): fc.Arbitrary<Step[]> {
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
export async function applyStep(
  device: Driven,
  model: Uint8Array,
  step: Exclude<Step, { kind: 'reattach' }>,
): Promise<void> {
  const { kind, at, length, seed } = step
  const unit = kind.endsWith('Bytes') ? 1 : device.sectorSize
  const [start, end] = [at * unit, (at + length) * unit]
  switch (kind) {
    case 'write':
    case 'writeBytes':
      fill(model.subarray(start, end), seed)
      await device[kind](at, model.slice(start, end))
      break
    case 'zero':
    case 'zeroBytes':
      model.fill(0, start, end)
      await device[kind](at, length)
      break
    default: {
      const target = new Uint8Array(end - start).fill(0xcc)
      await device[kind](at, target)
      expect(Buffer.compare(target, model.subarray(start, end))).toBe(0)
    }
  }
}
