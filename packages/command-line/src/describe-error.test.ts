import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ImageLockedError, ProviderOpenError } from '@bttkit/interfaces'
import { CommandError, UsageError, describeError, describeSystemError } from './index.ts'

function caught(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

const missing = caught(() => readFileSync('/nowhere/at/all'))

test.each([
  [
    'an error of the library, with its errno',
    new ImageLockedError({ image: 'a.img' }, 'in use'),
    'a.img: in use (EBUSY)',
  ],
  [
    'one that names its errno',
    new ProviderOpenError({ image: 'a' }, 'gone (ENOENT)', 'ENOENT'),
    'a: gone (ENOENT)',
  ],
  ['an error of the system', missing, '/nowhere/at/all: no such file or directory (ENOENT)'],
  ['an error of a command', new CommandError('a.raw: is empty'), 'a.raw: is empty'],
  ['a wrong call', new UsageError('IMAGE is missing'), 'IMAGE is missing'],
  ['a defect', new TypeError('x is undefined'), 'internal error: x is undefined'],
  ['what is no error at all', 'oops', 'internal error: oops'],
  ['several lines', new CommandError('one\n  two\n'), 'one two'],
])('%s', (_, error, line) => {
  expect(describeError(error)).toBe(line)
})

test('the words of the system alone', () => {
  expect(describeSystemError(missing)).toBe('no such file or directory (ENOENT)')
  expect(describeSystemError(new Error('own words'))).toBe('own words')
})
