import assert from 'node:assert/strict'
import type { MaybeSleep, PmemProvider } from '@bttkit/interfaces'
import { assertBytes, assertStored, fillStart, patternOf, readBytes } from './bytes.ts'
import type { ConformanceCase } from './conformance-case.ts'
import { storedBy, storingCalls } from './range-calls.ts'

const PIECE_BYTES = 600
const ROUNDS = 4

/** How many writes to have under way at once: many, but no more than the provider allows. */
const writesAtOnce = ({ capabilities }: PmemProvider): number => Math.min(32, capabilities.maxWritesInFlight)

/** Waits for all, each of which was begun already; a lazy one begins here. */
async function endOfAll(waits: readonly MaybeSleep[]): Promise<void> {
  await Promise.all(
    waits.map(async (wait) => {
      await wait
    }),
  )
}

/** Several calls under way at once. */
export const concurrencyCases: readonly ConformanceCase[] = [
  {
    name: 'concurrency: many writes at once are all stored, each in its place',
    async run({ provider }) {
      const count = writesAtOnce(provider)
      const pieces = Array.from({ length: count }, (_, index) => patternOf(PIECE_BYTES, index))
      for (let round = 0; round < ROUNDS; round++) {
        const waits = pieces.map((piece, index) =>
          provider.write(((index + round) % count) * PIECE_BYTES, piece),
        )
        await endOfAll(waits)
        for (const [index, piece] of pieces.entries()) {
          const offset = ((index + round) % count) * PIECE_BYTES
          await assertStored(provider, offset, piece, `write ${index} of ${count} in round ${round}`)
        }
      }
    },
  },
  {
    name: 'concurrency: many reads at once each get their bytes',
    async run({ provider }) {
      const model = await fillStart(provider, 32 * 500 + 1000)
      const targets = Array.from({ length: 32 }, () => new Uint8Array(1000))
      await endOfAll(targets.map((target, index) => provider.read(index * 500, target)))
      for (const [index, target] of targets.entries()) {
        assertBytes(target, model.subarray(index * 500, index * 500 + 1000), `read ${index}`)
      }
    },
  },
  {
    name: 'concurrency: reads beside writes and flushes get their bytes',
    async run({ provider }) {
      const model = await fillStart(provider, 16_384)
      const target = new Uint8Array(8192)
      const piece = patternOf(4096, 9)
      await endOfAll([
        provider.write(8192, piece),
        provider.flush(),
        provider.read(0, target),
        provider.flush(),
      ])
      assertBytes(target, model.subarray(0, 8192), 'what was read meanwhile')
      model.set(piece, 8192)
      await assertStored(provider, 0, model, 'the storage afterwards')
    },
  },
  {
    name: 'concurrency: of overlapping writes each byte is of one of them, and nothing beside them changes',
    async run({ provider }) {
      const model = await fillStart(provider, 4096)
      const [first, second] = [new Uint8Array(1000).fill(0x11), new Uint8Array(1000).fill(0x22)]
      if (provider.capabilities.maxWritesInFlight < 2) {
        await provider.write(500, first)
        await provider.write(1000, second)
      } else await endOfAll([provider.write(500, first), provider.write(1000, second)])
      const common = await readBytes(provider, 1000, 500)
      assert.ok(
        common.every((byte) => byte === 0x11 || byte === 0x22),
        'a byte of both ranges is of neither write',
      )
      model.set(first, 500)
      model.set(second, 1000)
      model.set(common, 1000)
      await assertStored(provider, 0, model, 'the storage')
    },
  },
  {
    name: 'concurrency: of a read that overlaps a write each byte is the old one or the new one',
    async run({ provider }) {
      const model = await fillStart(provider, 4096)
      const fresh = new Uint8Array(2000).fill(0xfe)
      const targets = [new Uint8Array(4096), new Uint8Array(4096)] as const
      await endOfAll([
        provider.read(0, targets[0]),
        provider.write(1000, fresh),
        provider.read(0, targets[1]),
      ])
      for (const target of targets) {
        for (const [index, byte] of target.entries()) {
          const isNew = byte === 0xfe && index >= 1000 && index < 3000
          assert.ok(isNew || byte === model[index], `byte ${index} is ${byte}, neither old nor new`)
        }
      }
    },
  },
  {
    name: 'concurrency: all calls that store may be under way at once, each with its place',
    async run({ provider }) {
      const model = await fillStart(provider, 8192)
      const calls = storingCalls(provider).slice(0, provider.capabilities.maxWritesInFlight)
      await endOfAll(calls.map(({ begin }, index) => begin(index * 1000 + 100, PIECE_BYTES)))
      for (const [index, call] of calls.entries()) {
        model.set(storedBy(call, PIECE_BYTES), index * 1000 + 100)
      }
      await assertStored(provider, 0, model, 'the storage')
    },
  },
  {
    name: 'concurrency: a write that begins when another is over has the last word',
    async run({ provider }) {
      const model = await fillStart(provider, 4096)
      for (let index = 0; index < 20; index++) {
        const piece = patternOf(1000, index)
        model.set(piece, index * 100)
        await provider.write(index * 100, piece)
      }
      await assertStored(provider, 0, model, 'the storage')
    },
  },
]
