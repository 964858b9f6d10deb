/** What a provider that wants to know is told of each call. */
import { expect, test } from 'vitest'
import type { AttachOptions, BttDevice, MaybeSleep } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { BadMedia } from './bad-media.test-support.ts'
import { MIB, engine, freshMemory, interruptedMemory } from './engine.test-support.ts'
import { RecordingProvider, type RecordedCall } from './recorded-calls.test-support.ts'

const flushed = { flush: 'immediate', durableOnWrite: false, sameLineOrdered: false } as const

function recorded(externalLbasize = 512, options: AttachOptions = {}) {
  const provider = new RecordingProvider(freshMemory(17 * MIB, { externalLbasize, nfree: 4 }), flushed)
  const device = runAtomic(engine.attach(provider, { laneCount: 1, mapCacheBytes: 0, ...options }))
  provider.calls.length = 0
  return { provider, device }
}

const PUBLICATION = [
  'map: read',
  'flog half 0: write',
  'flog half 0: persist',
  'flog half 1: write',
  'flog half 1: persist',
  'map: write',
  'map: persist',
]

test.each<[string, (device: BttDevice) => void, string[]]>([
  [
    'a write',
    (device) => device.atomic.write(3, new Uint8Array(512).fill(1)),
    ['data: write', 'metadata: write', 'data: persist', ...PUBLICATION],
  ],
  [
    'a write of a part',
    (device) => device.atomic.writeBytes(515, new Uint8Array(5)),
    ['map: read', 'data: write', 'data: persist', ...PUBLICATION],
  ],
  ['a zeroing', (device) => device.atomic.zero(3, 2), ['map: read', 'map: write', 'map: persist']],
  ['a flush that the caller asks for', (device) => device.atomic.flush(), ['nothing: flush']],
])('%s says of each call what it is for', (_name, operation, lines) => {
  const { provider, device } = recorded(520, { zeroing: 'flags' })
  operation(device)
  expect(provider.takeLines()).toEqual(lines)
})

test.each<[string, (device: BttDevice) => void, readonly string[]]>([
  ['done at once', (device) => device.atomic.read(3, new Uint8Array(512), new Uint8Array(8)), ['map: read']],
  [
    'that may be preempted',
    ({ sleepable }) => runAtomic(sleepable.read(3, new Uint8Array(512), new Uint8Array(8))),
    ['map: read', 'map: read'],
  ],
])('a read %s says of each call what it is for', (_name, read, lookUp) => {
  const { provider, device } = recorded(520)
  device.atomic.write(3, new Uint8Array(512).fill(1))
  provider.takeLines()
  read(device)
  expect(provider.takeLines()).toEqual([...lookUp, 'data: read', 'metadata: read'])
})

test('each call of an operation says in which lane it is', () => {
  const { provider, device } = recorded(512, { laneCount: 4, zeroing: 'flags' })
  const operations = [
    () => device.atomic.write(3, new Uint8Array(512)),
    () => device.atomic.read(3, new Uint8Array(512)),
    () => device.atomic.writeBytes(3 * 512, new Uint8Array(5)),
    () => device.atomic.zero(3, 1),
  ]
  // Each operation begins to look for a lane after that of the one before.
  for (const [lane, operation] of operations.entries()) {
    operation()
    expect(new Set(provider.calls.splice(0).map((call) => call.lane))).toEqual(new Set([lane]))
  }
})

test('what belongs to one call is said right before it, also when several operations take turns', async () => {
  const { arenas } = runAtomic(engine.attach(freshMemory(17 * MIB, { nfree: 4 }))).info
  const provider = new (class extends RecordingProvider {
    override write(offset: number, source: Uint8Array): MaybeSleep {
      super.write(offset, source)
      return Promise.resolve()
    }
  })(freshMemory(17 * MIB, { nfree: 4 }), { ...flushed, mayWait: true, flush: 'sleeps' })
  const device = await runAsync(engine.attach(provider, { mapCacheBytes: 0 }))
  provider.calls.length = 0
  await Promise.all([1, 2, 3, 4].map((lba) => device.write(lba, new Uint8Array(4096))))
  const [arena] = arenas
  const placeOf = (call: RecordedCall): string | undefined => {
    if (arena === undefined) return undefined
    const within = call.offset - arena.offset
    if (within < arena.mapoff) return 'data'
    return within < arena.logoff ? 'map' : 'flog'
  }
  expect(provider.calls).toHaveLength(4 * 9)
  for (const call of provider.calls) expect(call.stage?.split(' ')[0]).toBe(placeOf(call))
})

test('creating says what belongs to info blocks, map and flog', () => {
  const provider = new RecordingProvider(new MemoryProvider({ size: 17 * MIB }, 'memory'), flushed)
  runAtomic(engine.create(provider))
  const lines = provider.takeLines()
  expect(lines.filter((line) => line.endsWith('read'))).toEqual(lines.filter((line) => line === 'info: read'))
  expect(lines.filter((line) => !line.endsWith('read')).slice(-7)).toEqual([
    'map: zero',
    'flog: write',
    'flog: flush',
    'info: write',
    'info: flush',
    'info: write',
    'info: flush',
  ])
})

test('attaching says so of the info blocks, the flog, and the map entry that it completes', () => {
  const provider = new RecordingProvider(interruptedMemory(), flushed)
  runAtomic(engine.attach(provider))
  const lines = provider.takeLines()
  expect(new Set(lines)).toEqual(
    new Set(['info: read', 'flog: read', 'map: read', 'flog: flush', 'map: write', 'map: persist']),
  )
})

test('marking a lost sector and clearing a free block say so', () => {
  const media = BadMedia.fresh()
  runAtomic(engine.attach(media.memory)).atomic.write(3, new Uint8Array(512).fill(1))
  media.spoilSector(3)
  const provider = new RecordingProvider(media.provider, flushed)
  const device = runAtomic(engine.attach(provider, { laneCount: 1, mapCacheBytes: 0 }))
  provider.takeLines()
  expect(() => runAtomic(device.sleepable.read(3, new Uint8Array(512)))).toThrow('lost')
  expect(provider.takeLines()).toEqual([
    'map: read',
    'map: read',
    'data: read',
    'map: read',
    'data: read',
    'map: write',
    'map: persist',
  ])
  device.atomic.write(3, new Uint8Array(512))
  provider.takeLines()
  device.atomic.write(3, new Uint8Array(512))
  expect(provider.takeLines().slice(0, 4)).toEqual([
    'clear: write',
    'clear: persist',
    'clear: read',
    'data: write',
  ])
})

test('a provider that leaves flushes out is told of none', () => {
  const provider = new RecordingProvider(freshMemory(17 * MIB, { nfree: 4 }))
  const device = runAtomic(engine.attach(provider))
  device.atomic.write(0, new Uint8Array(4096))
  // Something said of a call that never came is an error of the recorder.
  expect(provider.takeLines().filter((line) => line.endsWith('persist'))).toEqual([])
})
