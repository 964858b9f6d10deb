import { expect, test } from 'vitest'
import { moduleClosure } from './module-closure.ts'

const lists = {
  dependencies: [
    'kernel/a/base.ko:',
    'kernel/a/middle.ko.xz: kernel/a/base.ko',
    // Some tools name the nearest need first, others last.
    'kernel/b/top.ko: kernel/a/middle.ko.xz kernel/a/base.ko',
    'kernel/b/other.ko: kernel/a/base.ko kernel/a/middle.ko.xz',
    '',
  ].join('\n'),
  builtin: 'kernel/c/inside.ko\n',
}

test('every module comes after what it needs, and once', () => {
  expect(moduleClosure(lists, ['top', 'other'])).toEqual([
    'kernel/a/base.ko',
    'kernel/a/middle.ko.xz',
    'kernel/b/top.ko',
    'kernel/b/other.ko',
  ])
})

test('what the kernel has built in is left out', () => {
  expect(moduleClosure(lists, ['inside', 'base'])).toEqual(['kernel/a/base.ko'])
})

test('a module that there is not is named', () => {
  expect(() => moduleClosure(lists, ['nd_btt'])).toThrow("no module 'nd_btt'")
})
