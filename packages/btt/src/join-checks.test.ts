/** What is no share, and storage that is not the one that is attached. */
import { expect, test } from 'vitest'
import type { BttInfo, DeviceShare, PmemProvider } from '@bttkit/interfaces'
import type { InfoBlock } from '@bttkit/btt-format'
import { FaultLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import type { ArenaDescription, DeviceDescription } from './device-description.ts'
import { MIB, PassingProvider, engine, freshMemory } from './engine.test-support.ts'
import { attached, fill, readByte } from './shared-device.test-support.ts'

const describing = (
  share: DeviceShare,
  change: Partial<Record<keyof DeviceDescription, unknown>>,
): DeviceShare => ({
  ...share,
  description: { ...(share.description as DeviceDescription), ...change },
})

const infoOf = ({ description }: DeviceShare): BttInfo => (description as DeviceDescription).info
const arenasOf = ({ description }: DeviceShare): readonly ArenaDescription[] =>
  (description as DeviceDescription).arenas

const describingArena = (
  share: DeviceShare,
  change: Partial<Record<keyof ArenaDescription, unknown>>,
): DeviceShare => describing(share, { arenas: arenasOf(share).map((arena) => ({ ...arena, ...change })) })

const describingInfo = (share: DeviceShare, change: Partial<InfoBlock>): DeviceShare =>
  describingArena(share, { info: { ...arenasOf(share)[0]?.info, ...change } })

test.each<[string, (share: DeviceShare) => unknown]>([
  ['nothing', (share) => ({ ...share, description: undefined })],
  ['another version', (share) => describing(share, { version: 'bttkit device 0' })],
  ['more lanes than there are', (share) => describing(share, { laneCount: 5 })],
  ['fewer lanes than there are', (share) => describing(share, { laneCount: 3 })],
  ['lanes that are no number', (share) => describing(share, { laneCount: '4' })],
  ['no arenas', (share) => describing(share, { arenas: [] })],
  ['arenas that are none', (share) => describing(share, { arenas: [{ offset: 0 }] })],
  ['arenas with a hole', (share) => describing(share, { arenas: [...arenasOf(share), ...Array<never>(1)] })],
  ['a flog slot that is none', (share) => describingArena(share, { slots: { first: 0, second: 8 } })],
  ['no pending entries', (share) => describingArena(share, { pending: {} })],
  ['an arena elsewhere', (share) => describingArena(share, { offset: 8192 })],
  ['an arena that begins before the storage', (share) => describingArena(share, { offset: -4096 })],
  ['an arena beyond the storage', (share) => describingArena(share, { offset: 2 ** 52 })],
  ['LBAs that do not begin at 0', (share) => describingArena(share, { firstLba: 1 })],
  ['a map elsewhere', (share) => describingInfo(share, { mapoff: 4096 })],
  ['more blocks than there are', (share) => describingInfo(share, { internalNlba: 2 ** 29 })],
  ['a backup that is nowhere', (share) => describingInfo(share, { info2off: NaN, dataoff: 0 })],
  [
    'more sectors than there are',
    (share) => describing(share, { info: { ...infoOf(share), sectorCount: 2 ** 31 } }),
  ],
  ['larger sectors', (share) => describing(share, { info: { ...infoOf(share), sectorSize: 2 ** 40 } })],
  ['statistics that are not there', (share) => describing(share, { measuresLanes: true })],
  ['a device that is not shared', (share) => describing(share, { isShared: false })],
  ['no state', (share) => ({ ...share, state: new ArrayBuffer(share.state.byteLength) })],
  ['a state of zeros', (share) => ({ ...share, state: new SharedArrayBuffer(share.state.byteLength) })],
  ['a state that is too short', (share) => ({ ...share, state: new SharedArrayBuffer(8) })],
])('%s is no share', (_, change) => {
  const { device, provider } = attached()
  const share = change(device.share()) as DeviceShare
  // Nothing was composed of it: that would fail by itself, with no word to the caller.
  expect(() => runAtomic(engine.join(provider(), share))).toThrow(
    /^(what is to be joined is not|what was shared is not|shared has not the BTT)/,
  )
})

test('another image of the same size is refused, and not written to', () => {
  const { device } = attached()
  const other = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const before = other.mapping.slice()
  expect(() => runAtomic(engine.join(other, device.share()))).toThrow(/has not the BTT that is attached/)
  expect(Buffer.compare(other.mapping, before)).toBe(0)
})

test('storage that cannot be the one that is attached is refused, and the others go on', async () => {
  const { device, provider, bytes } = attached()
  const joining = (other: PmemProvider) => () => runAtomic(engine.join(other, device.share()))
  expect(joining(new MemoryProvider({ size: 16 * MIB }))).toThrow(/bytes/)
  expect(joining(new MemoryProvider({ bytes, readOnly: true }))).toThrow(/reading only/)
  expect(joining(new PassingProvider(provider(), { atomicAccessBytes: 0 }))).toThrow(/tear a map entry/)
  await device.write(0, fill(1))
})

test('an info block that the medium has lost since keeps nobody from joining: its backup says the same', async () => {
  const { device, provider, join } = attached()
  const joined = join(new FaultLayer(provider(), { mediaErrors: [{ offset: 4096, length: 512 }] }))
  await device.write(3, fill(1))
  expect(await readByte(joined, 3)).toBe(1)
})
