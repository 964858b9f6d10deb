import { expect, test } from 'vitest'
import { guestReport, type GuestTraces } from './guest-report.ts'

const traces: GuestTraces = {
  isOverLimit: false,
  complaints: '',
  status: '3\n',
  output: 'hello\n',
  upSeconds: '6.19\n',
  console: '',
  totalMs: 9000,
}

test('a guest that came to its end has a status, an output and times', () => {
  expect(guestReport(traces)).toEqual({ status: 3, output: 'hello\n', bootMs: 6190, totalMs: 9000 })
})

test.each(['', '3', 'x\n'])('a status that is not whole is none: %j', (status) => {
  expect(() => guestReport({ ...traces, status })).toThrow('ended before its script')
})

test('a guest without a status says what it said last', () => {
  const console = `${'.'.repeat(5000)}Kernel panic`
  expect(() => guestReport({ ...traces, status: '', console })).toThrow('Kernel panic')
})

test('a guest that took too long is told from one that broke down', () => {
  expect(() => guestReport({ ...traces, status: '', isOverLimit: true })).toThrow('killed after 9000 ms')
})
