import { InvalidArgumentError } from 'commander'
import { expect, test } from 'vitest'
import { countArgument, lbaArgument, sizeArgument } from './index.ts'

test.each([
  ['0', 0],
  ['42', 42],
  ['0x2a', 42],
  ['0X2A', 42],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['0x1fffffffffffff', Number.MAX_SAFE_INTEGER],
])('%s is a number of sectors, and of a sector', (text, number) => {
  expect(lbaArgument(text)).toBe(number)
  expect(countArgument(text)).toBe(number)
})

test.each([
  '',
  ' 1',
  '1 ',
  '-1',
  '+1',
  '1.0',
  '1e3',
  '0x',
  '0b1',
  '4k',
  'one',
  'Infinity',
  '9007199254740992',
  '9'.repeat(400),
])('%j is neither', (text) => {
  expect(() => lbaArgument(text)).toThrow(InvalidArgumentError)
  expect(() => countArgument(text)).toThrow(InvalidArgumentError)
})

test('a size has a unit, or not', () => {
  expect([sizeArgument('512'), sizeArgument('64MiB'), sizeArgument('1GB')]).toEqual([512, 64 * 2 ** 20, 1e9])
})

test.each(['', '-1', '1.5G', '64 MiB', 'big', '9007199254740992'])('%j is no size', (text) => {
  expect(() => sizeArgument(text)).toThrow(InvalidArgumentError)
})
