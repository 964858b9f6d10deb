import { expect, test } from 'vitest'
import { kernelImage, kernelImages } from '@bttkit/fixtures'
import { ALTERED_NAMES, alter, baseOf } from './altered-images.ts'

const base = baseOf(ALTERED_NAMES.map((name) => kernelImage(name).bytes()))

test('every altered image is among them', () => {
  const corrupt = kernelImages().filter(({ kind }) => kind === 'corrupt')
  expect(corrupt.map(({ name }) => name)).toEqual(ALTERED_NAMES.toSorted())
})

test.each(ALTERED_NAMES)('%s is the base with one alteration, byte for byte', (name) => {
  expect(Buffer.compare(alter(base, name), kernelImage(name).bytes())).toBe(0)
})

test.each(ALTERED_NAMES)('%s is not the base', (name) => {
  expect(Buffer.compare(alter(base, name), base)).not.toBe(0)
})
