/** Batches that are ended in their middle, by a driver that goes away or one that refuses to wait: all that they hold is held until their call is over. */
import { expect, test } from 'vitest'
import { ArenaErrorStateError, CannotBlockError, type BttDevice, type Sleepable } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { MIB, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { driveToWait } from './late-device.test-support.ts'
import { LateProvider, settle } from './late-provider.test-support.ts'

const SECTOR = 512
const LANES = 3
const fill = (byte: number, sectors = 1): Uint8Array => new Uint8Array(sectors * SECTOR).fill(byte)

const prepared = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: LANES })
runAtomic(engine.attach(prepared)).atomic.write(0, fill(1, 40))

/** A device whose first 40 sectors are 1, on storage whose calls are late from now on. */
async function lateDevice() {
  const bytes = prepared.mapping.slice()
  const provider = new LateProvider(new MemoryProvider({ bytes }, 'late'))
  const device = await runAsync(engine.attach(provider))
  provider.isLate = true
  return { bytes, provider, device }
}

/** Sectors 14 to 16, of two map lines. */
const BATCHES: readonly (readonly [string, (device: BttDevice) => Sleepable<void>])[] = [
  ['whole sectors', ({ sleepable }) => sleepable.write(14, fill(2, 3))],
  ['parts and a sector', ({ sleepable }) => sleepable.writeBytes(14.5 * SECTOR, fill(2, 2))],
]
const ENDS: readonly (readonly [string, (operation: Sleepable<void>) => void])[] = [
  ['is abandoned', (operation) => void operation.return()],
  [
    'is refused a wait',
    (operation) => {
      const refusal = new CannotBlockError({}, 'refused')
      expect(() => operation.throw(refusal)).toThrow(refusal)
    },
  ],
]
const CASES = BATCHES.flatMap(([what, start]) =>
  ENDS.map(([how, end]) => ({ name: `a batch of ${what} that ${how}`, start, end })),
)

/** Whether a flog entry is being stored, or is stored and the map entries not durable yet: all that a batch does afterwards. */
const isPublishing = ({ history }: LateProvider): boolean =>
  history.some(({ kind, length }) => kind === 'write' && length === 8)

function expectSound(bytes: Uint8Array, when: string): void {
  const again = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'again')))
  expect(bijectionProblems(bytes, 4096), `${when}: the bijection`).toEqual([])
  for (let half = 0; half < 80; half++) {
    const found = new Uint8Array(SECTOR / 2)
    again.atomic.readBytes(half * found.length, found)
    const versions = half >= 28 && half < 34 ? [1, 2] : half === 60 || half === 61 ? [1, 5] : [1]
    const values = new Set(found)
    expect(values.size, `${when}, half ${half}`).toBe(1)
    expect(versions, `${when}, half ${half}`).toContain(found[0])
  }
}

test.each(CASES)('$name keeps its lanes and map locks until its call is over', async ({ start, end }) => {
  let waits = 1
  for (; ; waits++) {
    const { bytes, provider, device } = await lateDevice()
    const operation = start(device)
    if (!(await driveToWait(operation, provider, waits))) break
    const isInDoubt = isPublishing(provider)
    end(operation)

    const sector = fill(0)
    const read = device.read(39, sector)
    const written = device.write(30, fill(5)).catch((error: unknown) => error)
    await settle()
    expect(provider.calls, `wait ${waits}: nobody got a lane`).toHaveLength(1)
    expect(device.statistics().lanesInUse).toBe(LANES)

    provider.finishAll()
    await read
    expect(sector).toEqual(fill(1))
    if (isInDoubt) expect(await written).toBeInstanceOf(ArenaErrorStateError)
    else expect(await written).toBeUndefined()
    expect(device.statistics().lanesInUse).toBe(0)
    // Every lane and lock can be had again.
    await expect(device.read(0, fill(0, 40))).resolves.toBeUndefined()
    if (!isInDoubt) for (let round = 0; round < LANES; round++) await device.write(14, fill(2, 3))
    expectSound(bytes, `wait ${waits}`)
  }
  expect(waits).toBeGreaterThan(10)
})
