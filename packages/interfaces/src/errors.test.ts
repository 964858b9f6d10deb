import { expect, test } from 'vitest'
import * as interfaces from './index.ts'
import { BttkitError, InfoBlockError, ProviderIoError, isBttkitError, type Place } from './index.ts'

type ErrorClass = new (place: Place, detail: string, ...rest: unknown[]) => BttkitError

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof BttkitError
}

const classes = Object.entries(interfaces).flatMap(
  ([name, value]: [string, unknown]): [string, ErrorClass][] => (isErrorClass(value) ? [[name, value]] : []),
)

test('the classes that these tests are about are found', () => {
  expect(classes.length).toBeGreaterThan(20)
  expect(classes.map(([name]) => name)).toEqual(
    expect.arrayContaining(['WouldSleepError', 'MountError', 'FlogError']),
  )
})

test('every error class has a code of its own', () => {
  const codes = classes.map(([, Class]) => new Class({}, 'x', 'EIO').code)
  expect(new Set(codes).size).toBe(classes.length)
})

test.each(classes)('%s has a code of our namespace, a POSIX errno and its own name', (name, Class) => {
  const error = new Class({}, 'x', 'EIO')
  expect(error.code).toMatch(/^BTT_[A-Z_]+$/)
  expect(error.errno).toMatch(/^E[A-Z]+$/)
  expect(error.name).toBe(name)
})

test.each(classes)('%s is recognised as ours', (_, Class) => {
  expect(isBttkitError(new Class({}, 'x', 'EIO'))).toBe(true)
})

test('an error that another copy of the package made is recognised as ours', () => {
  class Foreign extends Error {
    readonly code = 'BTT_FLOG'
  }
  expect(new Foreign('x')).not.toBeInstanceOf(BttkitError)
  expect(isBttkitError(new Foreign('x'))).toBe(true)
})

test.each([
  ['an ordinary error', new Error('x')],
  ["the system's error", Object.assign(new Error('x'), { code: 'ENOENT' })],
  ['an error whose code is a number', Object.assign(new Error('x'), { code: 5 })],
  ['an object with a code of ours', { code: 'BTT_FLOG' }],
  ['a string', 'BTT_FLOG'],
  ['null', null],
  ['nothing', undefined],
])('%s is not ours', (_, value) => {
  expect(isBttkitError(value)).toBe(false)
})

test('a message names the whole place, from the image down to the byte', () => {
  const error = new InfoBlockError({ image: 'disk.img', arena: 1, lane: 2, lba: 3, offset: 4 }, 'it is wrong')
  expect(error.message).toBe('disk.img, arena 1, lane 2, LBA 3, byte 4: it is wrong')
})

test('place 0 is a place', () => {
  const error = new InfoBlockError({ arena: 0, lane: 0, lba: 0, offset: 0 }, 'it is wrong')
  expect(error.message).toBe('arena 0, lane 0, LBA 0, byte 0: it is wrong')
})

test('a message leaves out what is not known', () => {
  expect(new InfoBlockError({ arena: 7, lane: undefined }, 'it is wrong').message).toBe(
    'arena 7: it is wrong',
  )
})

test('a message without a place is its detail', () => {
  expect(new InfoBlockError({}, 'it is wrong').message).toBe('it is wrong')
})

test('the place is kept for programs', () => {
  expect(new InfoBlockError({ image: 'disk.img', lane: 2 }, 'x').place).toEqual({
    image: 'disk.img',
    lane: 2,
  })
})

test('the cause is kept', () => {
  const cause = new Error('the disk')
  expect(new InfoBlockError({}, 'x', { cause }).cause).toBe(cause)
  expect(new ProviderIoError({}, 'x', 'ENOSPC', { cause }).cause).toBe(cause)
})

test("an error of storage carries the system's errno", () => {
  expect(new ProviderIoError({}, 'x', 'ENOSPC').errno).toBe('ENOSPC')
})
