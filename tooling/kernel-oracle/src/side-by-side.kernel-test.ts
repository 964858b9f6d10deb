import { expect, inject, test } from 'vitest'
import { CONTESTANTS, compareSideBySide } from './compare-side-by-side.ts'
import { Scratch } from './scratch.test-support.ts'

const whyNot = inject('whyNoKernel')

test.skipIf(whyNot !== '')('the driver, a mount and the library do the same work in one guest', async () => {
  using scratch = new Scratch()
  const kernel = inject('kernelPackage')
  const times = await compareSideBySide({ kernel, folder: scratch.folder, operations: 4, limitMs: 300_000 })
  expect(times.map(({ name }) => name)).toEqual([...CONTESTANTS.keys()])
  const measured = times.flatMap((of) => Object.values(of)).filter((us) => typeof us === 'number')
  // Of each contestant four, but two of the library, which is no disk for dd.
  expect(measured).toHaveLength(14)
  expect(measured.filter((us) => !(us > 0))).toEqual([])
})
