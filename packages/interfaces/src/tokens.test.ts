import { expect, test } from 'vitest'
import * as tokens from './tokens.ts'

test.each([
  [tokens.LANE_TABLE_FACTORY, '@bttkit/lane-table-factory'],
  [tokens.LOCK_TABLE_FACTORY, '@bttkit/lock-table-factory'],
  [tokens.READ_TRACKING_FACTORY, '@bttkit/read-tracking-factory'],
  [tokens.ENGINE, '@bttkit/engine'],
  [tokens.PROVIDER_PLUGIN, '@bttkit/provider-plugin'],
  [tokens.CHECKER, '@bttkit/checker'],
])('another copy of the package has the same token (%#)', (token, name) => {
  expect(token).toBe(Symbol.for(name))
})

test('no two tokens are the same', () => {
  const all = Object.values(tokens)
  expect(new Set(all).size).toBe(all.length)
})
