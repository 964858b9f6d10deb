import { expect, test } from 'vitest'
import { CachingProvider, storageOf, type CachingProviderClass } from './caching-provider.test-support.ts'
import { collect } from './collect.test-support.ts'
import * as wrong from './wrong-providers.test-support.ts'

/** Each provider that is wrong, and the promise that it breaks. */
const WRONG: [CachingProviderClass, string][] = [
  [wrong.ReadsShort, 'content: a large transfer is whole'],
  [wrong.BoundsOffByOne, 'bounds: a read beyond the end is refused'],
  [wrong.StoresLater, 'buffers: a source may be used again when its write is over'],
  [wrong.IgnoresByteOffset, 'buffers: a write stores a view into a larger buffer'],
  [wrong.WaitsThoughItSaysNot, 'waits: where mayWait is false no call answers with a wait'],
  [wrong.FailsWithPlainErrors, 'bounds: a read beyond the end is refused'],
  [wrong.SwallowsErrors, 'bounds: a change beyond the end is refused, and nothing of it is stored'],
  [wrong.WorksAfterClose, 'close: each call fails afterwards'],
  [wrong.FlushLoses, 'durability: a power cut takes nothing that was flushed'],
  [wrong.PersistsTooLittle, 'durability: a power cut takes nothing that persist was called for'],
  [wrong.ZeroesTooFar, 'content: zero clears its range, and nothing beside it'],
  [wrong.CapabilitiesNotFrozen, 'contract: the capabilities are frozen, and always the same record'],
  [wrong.DropsLastSegment, 'content: writeMany stores each segment, and nothing beside them'],
  [wrong.ChangesItsSource, 'buffers: no call that stores changes its source'],
  [wrong.NeverReady, 'waits: ready says that it is over when it is'],
  [wrong.LocksForNothing, 'lock: an exclusive lock keeps every other out'],
  [wrong.WritesForReadingOnly, 'read-only: each change is refused, and nothing of it is stored'],
  [wrong.ClosesOnce, 'close: closing twice is allowed'],
  [
    wrong.TearsAnywhere,
    'durability: what was not flushed is old or new after a power cut, and nothing else is touched',
  ],
  [wrong.KeepsAllToItself, 'durability: what was flushed is there when the storage is opened again'],
  [wrong.MixesWrites, 'concurrency: many writes at once are all stored, each in its place'],
  [wrong.BlockHidesFailures, 'waits: a failure is the same by then and by block'],
]

async function failuresOf(Provider: CachingProviderClass): Promise<string[]> {
  const results = await collect({ factory: (sizeBytes) => storageOf(Provider, sizeBytes) })
  return results.filter(({ failure }) => failure !== undefined).map(({ name }) => name)
}

test('the provider that they are made from is right', async () => {
  expect(await failuresOf(CachingProvider)).toEqual([])
})

test.each(WRONG)('%o is caught: %s', async (Provider, name) => {
  expect(await failuresOf(Provider)).toContain(name)
})

test.each([
  [wrong.ZeroesTooFar, ['content', 'durability']],
  [wrong.DropsLastSegment, ['content', 'durability']],
  [wrong.WaitsThoughItSaysNot, ['waits']],
  [wrong.CapabilitiesNotFrozen, ['contract']],
  [wrong.LocksForNothing, ['lock']],
  [wrong.NeverReady, ['waits']],
])('%o fails in no section that it keeps', async (Provider, sections) => {
  const failed = new Set((await failuresOf(Provider)).map((name) => name.split(':', 1)[0]))
  expect(sections).toEqual(expect.arrayContaining([...failed]))
})
