/** A flush that fails, and then the power does as well: what the failed flush was to make durable is lost, in whole or in part, and nothing else. */
import { expect, test } from 'vitest'
import { ProviderIoError, type PmemProvider } from '@bttkit/interfaces'
import { FaultLayer } from '@bttkit/pmem-layers'
import type { MemoryProvider } from '@bttkit/pmem-memory'
import { Disk } from './disk.test-support.ts'
import {
  Expectation,
  INTERRUPTED,
  SCENARIOS,
  expectSound,
  failureOf,
  type Scenario,
} from './failing-calls.test-support.ts'
import { storageNamed } from './storages.test-support.ts'
import { VolatileCache } from './volatile-cache.test-support.ts'

type Choose = (count: number) => number

const loseAll: Choose = () => 0
/** Of each line the last store: of a flog entry, its second half. */
const loseLast: Choose = (count) => Math.max(0, count - 2)

function loseSome(seed: number): Choose {
  let state = Math.imul(seed, 2_654_435_761) >>> 0
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % count
  }
}

/** Fails the n-th flush since the attach began, and cuts the power. False when there were fewer. */
async function failAndCut(
  scenario: Scenario,
  expectation: Expectation,
  nth: number,
  choose: Choose,
  sameLineOrdered: boolean,
): Promise<boolean> {
  using disk = new Disk(storageNamed('memory'), scenario.image)
  let cache: VolatileCache | undefined
  const under = (memory: PmemProvider): PmemProvider => {
    cache = new VolatileCache(memory as MemoryProvider, sameLineOrdered)
    return new FaultLayer(cache, { faults: [{ on: 'flush', effect: 'error', nth }] })
  }
  const running = async (): Promise<void> => {
    expectation.forget()
    await expectation.running(scenario, await disk.attach({ under }))
  }
  const failure = await failureOf(running())
  if (failure === undefined) return false
  expect(failure, `flush ${nth}`).toBeInstanceOf(ProviderIoError)
  cache?.cutPower(choose)
  await expectSound(disk.bytes(), expectation, `flush ${nth}`)
  return true
}

test.each(
  [...SCENARIOS, INTERRUPTED].flatMap((scenario) => [
    { scenario, name: scenario.name, loss: 'all is lost', choose: () => loseAll, sameLineOrdered: false },
    { scenario, name: scenario.name, loss: 'a part is lost', choose: loseSome, sameLineOrdered: false },
    {
      scenario,
      name: scenario.name,
      loss: 'lines lose their last store',
      choose: () => loseLast,
      sameLineOrdered: true,
    },
  ]),
)(
  'whichever flush of $name fails before a power cut, and $loss, what was acknowledged is there',
  async ({ scenario, choose, sameLineOrdered }) => {
    const expectation = await Expectation.of(scenario)
    let nth = 1
    while (await failAndCut(scenario, expectation, nth, choose(nth), sameLineOrdered)) nth++
    // The attach has one, and the shortest operation another one.
    expect(nth).toBeGreaterThan(2)
  },
)
