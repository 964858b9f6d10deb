/** A medium that has lost a part of the flog, or the map entry that tells whether a write was interrupted: writing is refused, and the rest can be read. */
import { expect, test } from 'vitest'
import { BadBlockError } from '@bttkit/interfaces'
import { FLOG_GROUP_BYTES } from '@bttkit/btt-format'
import { FaultLayer } from '@bttkit/pmem-layers'
import { runAtomic } from '@bttkit/sleepable'
import { BadMedia, fill } from './bad-media.test-support.ts'
import { engine, interruptedMemory, sha256 } from './engine.test-support.ts'
import { inspect } from './inspect.ts'

/** Lanes 0 to 7 have their groups in one unit of the medium. */
const LANES_A_UNIT = 512 / FLOG_GROUP_BYTES

/** Sectors 0 to 31 were written, by 16 lanes; a unit of the flog is lost. */
function withLostFlog(firstLane: number): BadMedia {
  const media = BadMedia.fresh({ nfree: 16 })
  const device = media.attach()
  for (let lba = 0; lba < 32; lba++) device.atomic.write(lba, fill(lba))
  media.provider.addMediaError(media.groupOffset(firstLane), 1)
  return media
}

test.each([0, LANES_A_UNIT])(
  'with the flog of the lanes from %i on lost, every sector is read',
  (firstLane) => {
    const media = withLostFlog(firstLane)
    const before = sha256(media.memory.mapping)
    const device = media.attach({ readOnly: true })
    for (let lba = 0; lba < 32; lba++) {
      const sector = fill(0xcc)
      device.atomic.read(lba, sector)
      expect(sector).toEqual(fill(lba))
    }
    expect(device.info.state).toBe('error')
    const lanes = Array.from({ length: LANES_A_UNIT }, (_, lane) => firstLane + lane)
    expect(device.info.problems).toEqual(
      lanes.map((lane) => `arena 0, lane ${lane}: the medium has lost its flog`),
    )
    expect(sha256(media.memory.mapping)).toBe(before)
  },
)

test('with a part of the flog lost, writing is refused with the reason', () => {
  const media = withLostFlog(LANES_A_UNIT)
  expect(() => media.attach()).toThrow(
    expect.objectContaining({ code: 'BTT_FLOG', message: expect.stringMatching(/lane 8.*lost its flog/) }),
  )
})

test('an inspection shows the groups of the flog that are left', () => {
  const media = withLostFlog(0)
  const groups = runAtomic(runAtomic(inspect(media.provider)).readFlog())
  expect(groups.map(({ lane }) => lane)).toEqual([8, 9, 10, 11, 12, 13, 14, 15])
})

test('an interrupted write to a sector whose map entry is lost: writing is refused, and the other sectors are read', () => {
  const memory = interruptedMemory()
  const [arena] = runAtomic(engine.attach(memory, { readOnly: true })).info.arenas
  const entries = (arena?.offset ?? 0) + (arena?.mapoff ?? 0)
  const media = new FaultLayer(memory, { mediaErrors: [{ offset: entries, length: 512 }] })
  expect(() => runAtomic(engine.attach(media))).toThrow(
    expect.objectContaining({
      code: 'BTT_FLOG',
      message: expect.stringMatching(/lost the map entry of LBA 3/),
    }),
  )
  const device = runAtomic(engine.attach(media, { readOnly: true }))
  const sector = fill(0xcc)
  device.atomic.read(128, sector)
  expect(sector).toEqual(fill(0))
  expect(() => device.atomic.read(3, sector)).toThrow(BadBlockError)
})
