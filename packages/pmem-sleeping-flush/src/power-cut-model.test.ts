import { expect, test } from 'vitest'
import type { ByteRange } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { SleepingFlushProvider, type PowerCutOptions } from './index.ts'
import { seededNumbers } from './seeded-random.ts'

const SIZE = 256
/** Of the memory: what a crash leaves whole, and of which the stores are in order. */
const UNIT_BYTES = 8
const LINE_BYTES = 64
const STEPS = 60
const HISTORIES = 150

/** What a history of stores and flushes must leave: the storage after each store, and how many of them are durable where. */
class Model {
  /** After no store, after the first unit of the first, and so on. */
  private readonly contents: Uint8Array[] = [new Uint8Array(SIZE)]
  /** Of each line the last content that a flush, or a persist, has made durable. */
  private readonly durable = Array.from({ length: SIZE / LINE_BYTES }, () => 0)

  /** For `makeDurable`: what is complete now. */
  get mark(): number {
    return this.contents.length - 1
  }

  store(offset: number, source: Uint8Array): void {
    const next = this.contents.at(-1)?.slice() ?? new Uint8Array(SIZE)
    for (const [index, byte] of source.entries()) {
      next[offset + index] = byte
      const isLast = index === source.length - 1
      if (isLast || (offset + index + 1) % UNIT_BYTES === 0) this.contents.push(next.slice())
    }
  }

  makeDurable(mark: number, { offset, length }: ByteRange): void {
    for (let line = 0; line < this.durable.length; line++) {
      const touches = offset < (line + 1) * LINE_BYTES && offset + length > line * LINE_BYTES
      if (length > 0 && touches) this.durable[line] = Math.max(this.durable[line] ?? 0, mark)
    }
  }

  /** What may be found in each line: what it held since it was durable, or without `survivors` what it held then. */
  possible(survivors: boolean): Set<string>[] {
    return this.durable.map((mark, line) => {
      const contents = this.contents.slice(mark, survivors ? undefined : mark + 1)
      return new Set(contents.map((content) => lineOf(content, line)))
    })
  }
}

function lineOf(content: Uint8Array, line: number): string {
  return content.subarray(line * LINE_BYTES, (line + 1) * LINE_BYTES).toString()
}

/** Runs a random history, in which flushes fail and overlap with stores, to its power cut. @returns what is left and its model */
async function cutAfterHistory(
  seed: number,
  options: PowerCutOptions,
): Promise<{ readonly left: Uint8Array; readonly model: Model }> {
  const below = seededNumbers(seed)
  const left = new Uint8Array(SIZE)
  const memory = new MemoryProvider({ bytes: left })
  const provider = new SleepingFlushProvider(memory, { flushDelayMs: 0, losesUnflushed: true })
  const model = new Model()
  const piece = (longest: number): { offset: number; source: Uint8Array } => {
    const length = below(longest)
    return { offset: below(SIZE - length + 1), source: new Uint8Array(length).map(() => below(256)) }
  }
  const running: Promise<void>[] = []
  const flush = (range: ByteRange | undefined): void => {
    const { mark } = model
    const wait = range === undefined ? provider.flush() : provider.persist(range.offset, range.length)
    const covered = range ?? { offset: 0, length: SIZE }
    // Failed ones make nothing durable.
    const end = Promise.resolve(wait).then(
      () => model.makeDurable(mark, covered),
      () => undefined,
    )
    running.push(end)
  }
  const steps = [
    async () => {
      const { offset, source } = piece(80)
      await provider.write(offset, source)
      model.store(offset, source)
    },
    async () => {
      const { offset, source } = piece(80)
      await provider.zero?.(offset, source.length)
      model.store(offset, new Uint8Array(source.length))
    },
    async () => flush(undefined),
    async () => {
      const { offset, source } = piece(100)
      flush({ offset, length: source.length })
    },
    async () => provider.failFlushes(below(2)),
    async () => running.shift(),
  ]
  for (let step = 0; step < STEPS; step++) await steps[below(steps.length + 3) % steps.length]?.()
  await provider.powerCut(options)
  await Promise.all(running)
  return { left, model }
}

test.each([
  ['a power cut leaves what was durable, whatever came before it', false],
  ['what survives of a line by a seed is what it held since it was durable', true],
])('%s', async (_promise, survivors) => {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const { left, model } = await cutAfterHistory(seed, survivors ? { seed } : {})
    for (const [line, possible] of model.possible(survivors).entries()) {
      expect(possible, `line ${line} of history ${seed}`).toContain(lineOf(left, line))
    }
  }
})
