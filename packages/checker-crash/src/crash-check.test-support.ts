/** Small images with a BTT, the engine over the lanes of one thread, and engines that are wrong on purpose. */
import { BttEngine } from '@bttkit/btt'
import { decodeInfoBlock, encodeInfoBlock } from '@bttkit/btt-format'
import type { BttDevice, CallStage, CreateOptions, Engine, PmemProvider, Zeroing } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'

/** The smallest arena, and the page before its info block. */
const ARENA_BYTES = 16 * 2 ** 20 + 4096
const INFO_OFFSET = 4096

const production = new BttEngine({
  laneTable: (words, { policy }) => new MutexLaneTable(words.subarray(0, -1), policy),
  lockTable: (words) => new MutexLocks(words, 'map-lock'),
  readTracking: (words) => new LocalReadTracking(words),
})

function zeroingBy(zeroing: Zeroing): Engine {
  return {
    attach: (provider, options) => production.attach(provider, { zeroing, ...options }),
    create: (provider, options) => production.create(provider, options),
    join: (provider, share) => production.join(provider, share),
  }
}

/** Zeroes by flags, whatever the sector size. */
export const engine = zeroingBy('flags')

/** Zeroes by data, which is made of writes. */
export const engineZeroingByData = zeroingBy('data')

/** One arena with two lanes; the first 40 sectors are written, each with a byte of its own. */
export function smallImage(externalLbasize: number, options: CreateOptions = {}): Uint8Array {
  const memory = new PowerFailMemory({ media: INFO_OFFSET + ARENA_BYTES, model: 'strict' })
  runAtomic(engine.create(memory, { externalLbasize, nfree: 2, ...options }))
  const device = runAtomic(engine.attach(memory))
  for (let lba = 0; lba < 40; lba++)
    runAtomic(device.sleepable.write(lba, new Uint8Array(device.sectorSize).fill(0x80 + lba)))
  return contentOf(memory)
}

/** Two arenas of that kind, which Linux accepts: the distance to the next one may be any that leaves room. */
export function twoArenas(externalLbasize: number): Uint8Array {
  const one = smallImage(externalLbasize, { uuid: '11111111-2222-3333-4444-555555555555' })
  const both = new Uint8Array(INFO_OFFSET + 2 * ARENA_BYTES)
  for (const [index, nextoff] of [ARENA_BYTES, 0].entries()) {
    const start = INFO_OFFSET + index * ARENA_BYTES
    both.set(one.subarray(INFO_OFFSET, INFO_OFFSET + ARENA_BYTES), start)
    const info = { ...decodeInfoBlock(both.subarray(start, start + 4096)), nextoff }
    both.set(encodeInfoBlock(info), start)
    both.set(encodeInfoBlock(info), start + info.info2off)
  }
  return both
}

export function contentOf(memory: PowerFailMemory): Uint8Array {
  const bytes = new Uint8Array(memory.size)
  memory.read(0, bytes)
  return bytes
}

/** The engine, over other storage than it is given. */
export function engineOver(over: (provider: PmemProvider) => PmemProvider): Engine {
  return {
    attach: (provider, options) => engine.attach(over(provider), options),
    create: (provider, options) => engine.create(over(provider), options),
    join: (provider, share) => engine.join(over(provider), share),
  }
}

/** An engine whose devices say that they have written what they have not. */
export function engineThatForgetsWrites(): Engine {
  return {
    ...engineOver((provider) => provider),
    *attach(provider, options) {
      const device: BttDevice = yield* engine.attach(provider, options)
      const sleepable = Object.create(device.sleepable, { write: { *value() {} } })
      return Object.create(device, { sleepable: { value: sleepable } })
    },
  }
}

/** The engine, over storage that does nothing when a stage is to be made durable. */
export function withoutFlushOf(skipped: CallStage | undefined): Engine {
  return engineOver((provider) => {
    let stage: CallStage | undefined
    const unlessSkipped = (flush: () => unknown) => (): undefined => {
      if (stage !== skipped) flush()
    }
    return {
      name: provider.name,
      size: provider.size,
      capabilities: provider.capabilities,
      readOnly: provider.readOnly,
      annotate: (next, lane) => {
        stage = next
        provider.annotate?.(next, lane)
      },
      read: (offset, target) => provider.read(offset, target),
      write: (offset, source) => provider.write(offset, source),
      flush: unlessSkipped(() => provider.flush()),
      ...(provider.persist && {
        persist: (offset: number, length: number) =>
          unlessSkipped(() => provider.persist?.(offset, length))(),
      }),
      close: () => provider.close(),
    }
  })
}
