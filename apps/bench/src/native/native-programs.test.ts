import { expect, test } from 'vitest'
import { scratchFolder } from '../contestants/contestants.test-support.ts'
import { NativePrograms } from './native-programs.ts'

test('without a compiler there are no programs, and that is said', async () => {
  const programs = new NativePrograms(scratchFolder(), 'no-such-compiler')
  expect(await programs.find('file')).toEqual({ missing: 'no-such-compiler is not installed' })
})

test('a compiler that fails is quoted with one line', async () => {
  const programs = new NativePrograms(scratchFolder(), 'false')
  expect(await programs.find('memory')).toEqual({ missing: 'false failed' })
})
