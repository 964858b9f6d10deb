import { expect, test } from 'vitest'
import { createStopFlag, enterLoop, requestStop, tryLeaveLoop } from './stop-flag.ts'

test('a loop may leave and enter while nobody stops it', () => {
  const flag = createStopFlag()
  expect(enterLoop(flag)).toBe(true)
  expect(tryLeaveLoop(flag)).toBe(true)
  expect(enterLoop(flag)).toBe(true)
})

test('a loop that was counted for a stop stays for its lookup, and none enters any more', async () => {
  const flag = createStopFlag()
  enterLoop(flag)
  await requestStop(flag, '/nonexistent')
  expect(tryLeaveLoop(flag)).toBe(false)
  expect(enterLoop(flag)).toBe(false)
})
