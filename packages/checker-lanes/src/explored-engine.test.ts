import { describe, expect, test } from 'vitest'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { MutexLaneTable } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'
import { engineWithLanes } from './explored-engine.ts'
import { partsByName } from './explored-program.ts'

const lanes = { table: 'recursion-count', laneCount: 2 }
const SIZE = 16 * 2 ** 20 + 4096

function blank(): MemoryProvider {
  const provider = new MemoryProvider({ size: SIZE })
  runAtomic(engineWithLanes(lanes).create(provider))
  return provider
}

describe('an engine with lanes', () => {
  test('writes also with a table that does not keep tasks apart', () => {
    const device = runAtomic(engineWithLanes(lanes).attach(blank()))
    expect(() => device.atomic.write(0, new Uint8Array(device.sectorSize))).not.toThrow()
  })

  test('makes the parts anew for each attachment, with as many lanes as were asked for', () => {
    const made: number[] = []
    const makeParts: typeof partsByName = (setting) => ({
      ...partsByName(setting),
      laneTable: (words) => {
        made.push(words.length - 1)
        return new MutexLaneTable(words.subarray(0, -1))
      },
    })
    const engine = engineWithLanes(lanes, { makeParts })
    for (let i = 0; i < 2; i++) runAtomic(engine.attach(blank()))
    expect(made).toEqual([2, 2])
  })

  test('looks for the BTT where it is told to', () => {
    expect(() => runAtomic(engineWithLanes(lanes, { namespaceOffset: 8192 }).attach(blank()))).toThrow(
      'ends too early',
    )
  })

  test('does not know tables of others', () => {
    expect(() => engineWithLanes({ ...lanes, table: 'mine' }).attach(blank())).toThrow('no lane table "mine"')
  })
})
