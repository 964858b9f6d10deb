/** Those who made the fixtures say of them what their manifests have. `pnpm fixtures:regenerate` makes them again as well. */
import { expect, inject, test } from 'vitest'
import { askAgain } from './kernel-fixtures.ts'
import { loadLibpmemblk } from './libpmemblk.ts'
import { askPoolsAgain, makePoolsAgain } from './pool-fixtures.ts'
import { Scratch } from './scratch.test-support.ts'

const LIMIT_MS = 300_000

const whyNot = inject('whyNoKernel')
const libpmemblk = loadLibpmemblk()

test.skipIf(whyNot !== '')('the driver and ndctl, of the images', async () => {
  using scratch = new Scratch()
  const options = { kernel: inject('kernelPackage'), folder: scratch.folder, limitMs: LIMIT_MS }
  const verdicts = await askAgain(options)
  expect(verdicts).toHaveLength(12)
  expect(verdicts.filter(({ problems }) => problems.length > 0)).toEqual([])
})

test.skipIf(libpmemblk === undefined)('libpmemblk, of the pools; and it makes the same again', async () => {
  if (libpmemblk === undefined) throw new Error('there is none')
  using scratch = new Scratch()
  const asked = askPoolsAgain(libpmemblk, scratch.folder)
  const made = await makePoolsAgain(libpmemblk, scratch.folder)
  expect(asked).toHaveLength(5)
  expect(made).toHaveLength(4)
  expect([...asked, ...made].filter(({ problems }) => problems.length > 0)).toEqual([])
})
