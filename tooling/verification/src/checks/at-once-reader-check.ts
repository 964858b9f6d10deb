/** Writes at once of a thread while a reader of another thread stands at one of its calls. */
import { BttEngine } from '@bttkit/btt'
import type { MaybeSleep } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAsync, runBlocking } from '@bttkit/sleepable'
import { FAR, Interrupted, LBA, PARTS_FOR_THREADS } from './at-once-beside-check.ts'
import { runAll, type Check, type Verdict } from './check.ts'
import { initialFill, smallImage } from './images.ts'

/** Memory whose reads happen when they are waited for. */
class Late extends Interrupted {
  constructor(memory: PowerFailMemory) {
    super(memory, { mayWait: true })
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    const read = (): void => void super.read(offset, target)
    return {
      block: read,
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) =>
        Promise.resolve()
          .then(read)
          .then(...callbacks),
    }
  }
}

/** More than a read has. */
const MOST_WAITS = 5
const [MINE, NEXT] = [1, 3]

/** The other thread reads up to a wait; then this one writes the sector, and another one, which gets the block that the sector has given up; then the reader goes on. */
async function writeOver(image: Uint8Array, waits: number): Promise<string | undefined> {
  const engine = new BttEngine(PARTS_FOR_THREADS)
  const memory = new PowerFailMemory({ media: image, model: 'strict' })
  const device = await runAsync(engine.attach(new Interrupted(memory), { threads: true }))
  const other = runBlocking(engine.join(new Late(memory), device.share()))
  const sector = new Uint8Array(device.sectorSize)
  const reading = other.sleepable.read(LBA, sector)
  let step = reading.next()
  for (let wait = 1; wait < waits && step.done !== true; wait++) {
    step.value.block?.()
    step = reading.next()
  }
  const writes = [
    [LBA, MINE],
    [FAR, NEXT],
  ].map(([lba = 0, fill]) => device.write(lba, new Uint8Array(device.sectorSize).fill(fill ?? 0)))
  while (step.done !== true) {
    step.value.block?.()
    step = reading.next()
  }
  await Promise.all(writes)
  const [fill] = sector
  if (sector.every((byte) => byte === fill) && [initialFill(LBA), MINE].includes(fill ?? -1)) return undefined
  return `a reader at its wait ${waits} found ${fill}, and not ${initialFill(LBA)} or ${MINE}`
}

export const OVER_A_READER: Check = {
  name: 'writes at once over a reader of another thread',
  checker: 'schedules',
  run: ({ engine }) => {
    const image = smallImage(engine)
    return runAll(
      Array.from({ length: MOST_WAITS }, (_, index) => async (): Promise<Verdict> => {
        const problem = await writeOver(image, index + 1)
        return { problem, runs: 1, states: 1n, isComplete: true }
      }),
    )
  },
}
