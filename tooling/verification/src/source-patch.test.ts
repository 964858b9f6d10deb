import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PATCHED_MUTANTS } from './mutants/patched-mutants.ts'
import { patchSource } from './source-patch.ts'

const ROOT = new URL('../../../', import.meta.url)
const patch = { file: 'a.ts', find: 'one\n', replace: 'two\n' }

test('a patch changes its one place', () => {
  expect(patchSource('zero\none\nthree\n', patch)).toBe('zero\ntwo\nthree\n')
})

test.each(['', 'one', 'one\none\n'])('a text that has not exactly one such place is refused: %j', (text) => {
  expect(() => patchSource(text, patch)).toThrow('a.ts has not exactly one place with this text')
})

test.each(PATCHED_MUTANTS)('$name can be made in the engine as it is', ({ patch: ofMutant }) => {
  const text = readFileSync(new URL(ofMutant.file, ROOT), 'utf8')
  expect(patchSource(text, ofMutant)).not.toBe(text)
})
