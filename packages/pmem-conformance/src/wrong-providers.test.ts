import { expect, test } from 'vitest'
import { CachingProvider, storageOf, type CachingProviderClass } from './caching-provider.test-support.ts'
import { conformanceResults } from './conformance-results.ts'
import { CountsIn32Bits, SparseProvider, ZeroesIn31Bits } from './sparse-provider.test-support.ts'
import * as wrongOptions from './wrong-options.test-support.ts'
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
  [wrong.PersistsTooLittle, 'power cut: it takes nothing that persist was called for'],
  [wrong.PersistsTheFirst, 'power cut: it takes nothing of the ranges that persistMany was called for'],
  [wrong.PersistsManyAnywhere, 'bounds: persisting several ranges is refused where one of them is not there'],
  [wrong.ZeroesTooFar, 'content: zero clears its range, and nothing beside it'],
  [wrong.CapabilitiesNotFrozen, 'contract: the capabilities are frozen, and always the same record'],
  [wrong.DropsLastSegment, 'content: writeMany stores each segment, and nothing beside them'],
  [wrong.ChangesItsSource, 'buffers: no call that stores changes its source'],
  [wrong.NeverReady, 'waits: ready says that it is over when it is'],
  [wrong.LocksForNothing, 'lock: an exclusive lock keeps every other out'],
  [wrong.WritesForReadingOnly, 'read-only: each change is refused, and nothing of it is stored'],
  [wrong.ClosesOnce, 'close: closing twice is allowed'],
  [wrong.TearsAnywhere, 'power cut: what was not flushed is old or new, and nothing else is touched'],
  [wrong.KeepsAllToItself, 'durability: what was flushed is there when the storage is opened again'],
  [wrong.MixesWrites, 'concurrency: many writes at once are all stored, each in its place'],
  [wrong.BlockHidesFailures, 'waits: a failure is the same by then and by block'],
  [wrong.SaysNotHowItPersists, 'contract: it says by what a flush makes writes durable'],
  [wrong.PersistsAnything, 'bounds: persisting what is not there is refused'],
  [wrong.RefusesWithoutAName, 'bounds: a refusal names the storage'],
  [
    wrongOptions.WritesThroughTheCache,
    'power cut: it takes nothing that writeThrough stored, whatever becomes of other writes',
  ],
  [wrongOptions.WritesThroughFromTheStart, 'buffers: writeThrough stores its part of the source'],
  [wrongOptions.WritesThroughAfterClose, 'close: each call fails afterwards'],
  [wrongOptions.WritesThroughWholeLines, 'buffers: writeThrough stores its part of the source'],
  [
    wrongOptions.ListsAsItFound,
    'bad blocks: the list is in order and apart, in whole units, and within the storage',
  ],
  [
    wrongOptions.ListsSingleBytes,
    'bad blocks: the list is in order and apart, in whole units, and within the storage',
  ],
  [wrongOptions.ListsNothing, 'bad blocks: what is known to be bad is listed, until it is written'],
  [
    wrongOptions.ForgetsItsData,
    'data ranges: what is stored by any call is in none of the holes, flushed or not',
  ],
  [wrongOptions.ListsAllItsData, 'data ranges: the list is in order and apart, and within the range'],
  [wrongOptions.ReadsBadBlocks, 'bad blocks: a read that touches one fails, and one beside it does not'],
  [
    wrongOptions.FailsBesideBadBlocks,
    'bad blocks: a read that touches one fails, and one beside it does not',
  ],
  [wrongOptions.NamesAnotherUnit, 'bad blocks: a read that touches one fails, and one beside it does not'],
  [wrongOptions.PartsHeal, 'bad blocks: a write of a part of a unit leaves it bad'],
  [wrongOptions.HalvesHealTogether, 'bad blocks: two writes that cover a unit only together leave it bad'],
  [wrongOptions.ZeroHealsNothing, 'bad blocks: each call that stores heals the units that it covers'],
  [wrongOptions.FlushHeals, 'bad blocks: a flush heals nothing'],
  [wrongOptions.RefusesToBeTold, 'annotate: whatever the calls are said to be for, they do what they do'],
  [wrongOptions.DoesWhatItIsTold, 'annotate: whatever the calls are said to be for, they do what they do'],
  [wrongOptions.RefusesToBeTold, 'annotate: one that no call follows is nothing'],
  [wrong.ThenThrows, 'waits: a failure of a wait rejects it, and is not thrown by then'],
  [wrong.TearsAtomicWrites, 'power cut: an aligned write of atomicWriteBytes is whole or undone'],
  [
    wrong.ReordersALine,
    'power cut: of the stores to one line a first part is there, where they are in order',
  ],
  [wrong.PersistsOneAtATime, 'power cut: several persists at once each keep their range'],
  [
    wrong.HasRoomForOneWrite,
    'concurrency: all calls that store may be under way at once, each with its place',
  ],
  [
    wrong.ReadsHalfStored,
    'concurrency: of a read that overlaps a write each byte is the old one or the new one',
  ],
]

async function failuresOf(Provider: CachingProviderClass): Promise<string[]> {
  const results = await conformanceResults({ factory: (sizeBytes) => storageOf(Provider, sizeBytes) })
  return results.filter(({ failure }) => failure !== undefined).map(({ name }) => name)
}

test('the provider that they are made from is right', async () => {
  expect(await failuresOf(CachingProvider)).toEqual([])
})

test.each(WRONG)('%o is caught: %s', async (Provider, name) => {
  expect(await failuresOf(Provider)).toContain(name)
})

test.each([
  [wrong.ZeroesTooFar, ['content', 'concurrency', 'durability', 'annotate']],
  [wrong.DropsLastSegment, ['content', 'durability']],
  [wrong.WaitsThoughItSaysNot, ['waits']],
  [wrong.CapabilitiesNotFrozen, ['contract']],
  [wrong.LocksForNothing, ['lock']],
  [wrong.NeverReady, ['waits']],
  [wrong.PersistsAnything, ['bounds']],
  [wrongOptions.WritesThroughTheCache, ['power cut']],
  [wrongOptions.ListsAsItFound, ['bad blocks', 'close']],
  [wrongOptions.PartsHeal, ['bad blocks']],
  [wrongOptions.RefusesToBeTold, ['annotate']],
  [wrong.SaysNotHowItPersists, ['contract']],
])('%o fails in no section that it keeps', async (Provider, sections) => {
  const failed = new Set((await failuresOf(Provider)).map((name) => name.split(':', 1)[0]))
  expect(sections).toEqual(expect.arrayContaining([...failed]))
})

const LARGE = { largeSizeBytes: 2 ** 33 }

test('storage of 8 GiB that counts right keeps the contract', async () => {
  const results = await conformanceResults({
    ...LARGE,
    factory: (size) => ({ provider: new SparseProvider(size) }),
  })
  expect(results.filter(({ failure }) => failure !== undefined)).toEqual([])
})

test.each([
  [CountsIn32Bits, 'large offsets: bytes beyond 2 and 4 GiB are their own'],
  [ZeroesIn31Bits, 'large offsets: each call that stores reaches its place, and nothing in the first bytes'],
])('%o is caught: %s', async (Provider, name) => {
  const results = await conformanceResults({
    ...LARGE,
    factory: (size) => ({ provider: new Provider(size) }),
  })
  expect(results.find((result) => result.name === name)?.failure).toBeInstanceOf(Error)
})
