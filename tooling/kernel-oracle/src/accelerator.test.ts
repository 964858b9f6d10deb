import { expect, test } from 'vitest'
import { canVirtualise } from './accelerator.ts'

test.each(['vmx', 'svm'])('a processor with %s can run guests by itself', (flag) => {
  expect(canVirtualise(`model : 1\nflags\t\t: fpu ${flag} sse\n`)).toBe(true)
})

test('one that is itself a guest without it cannot', () => {
  expect(canVirtualise('model : 1\nflags\t\t: fpu hypervisor svm_lock\nbugs : vmx\n')).toBe(false)
})
