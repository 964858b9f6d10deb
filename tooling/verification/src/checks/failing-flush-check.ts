/** Two writers, of whom one is interrupted at each of its steps while a flush of the other fails; and then the power fails. */
import { runAtomic, runBlocking, type ScheduledTask, Scheduler } from '@bttkit/sleepable'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import type { Engine } from '@bttkit/interfaces'
import type { Subject } from '../subject.ts'
import { runCases, type Check } from './check.ts'
import { ForgetfulStorage } from './forgetful-storage.ts'
import { initialFill, smallImage } from './images.ts'

/** More than a write has. */
const MOST_STEPS = 20
const MOST_FLUSHES = 4

interface Writer {
  readonly lba: number
  readonly task: ScheduledTask
}

const FILL = 7

/** Whoever was told that its write is done finds it, and who was told that it failed finds what was there before, or the write. */
function judgeWhatIsDurable(
  engine: Engine,
  storage: ForgetfulStorage,
  writers: readonly Writer[],
): string | undefined {
  const device = runAtomic(engine.attach(storage.durable))
  for (const { lba, task } of writers) {
    const sector = new Uint8Array(device.sectorSize)
    runAtomic(device.sleepable.read(lba, sector))
    const mayBe = task.state === 'done' ? [FILL] : [initialFill(lba), FILL]
    if (!mayBe.some((fill) => sector.every((byte) => byte === fill)))
      return `LBA ${lba}, whose write is ${task.state}, is neither ${mayBe.join(' nor ')}`
  }
  return isBijection(runAtomic(checkBijection(storage.durable, device.info)))
    ? undefined
    : 'blocks have not one holder each'
}

function failFlushOfOther(
  { engine }: Subject,
  image: Uint8Array,
  steps: number,
  failing: number,
): string | undefined {
  const storage = new ForgetfulStorage(image)
  const device = runBlocking(engine.attach(storage))
  const scheduler = new Scheduler()
  const start = (lba: number): Writer => {
    const write = device.sleepable.write(lba, new Uint8Array(device.sectorSize).fill(FILL))
    return { lba, task: scheduler.add(`the writer of LBA ${lba}`, write) }
  }
  const [first, second] = [start(33), start(60)]
  for (let step = 0; step < steps && first.task.state === 'runnable'; step++) first.task.resume()
  storage.failFlush(failing)
  for (const { task } of [second, first]) while (task.state === 'runnable') task.resume()
  if (!scheduler.finished()) return `two writers wait for each other after flush ${failing} has failed`
  const problem = judgeWhatIsDurable(engine, storage, [first, second])
  return (
    problem && `flush ${failing} of the second writer fails after ${steps} steps of the first: ${problem}`
  )
}

function* cases(subject: Subject): Generator<() => string | undefined> {
  const image = smallImage(subject.engine)
  for (let steps = 0; steps <= MOST_STEPS; steps++)
    for (let failing = 1; failing <= MOST_FLUSHES; failing++)
      yield () => failFlushOfOther(subject, image, steps, failing)
}

export const FAILING_FLUSH: Check = {
  name: 'a failing flush under two writers',
  checker: 'failing storage',
  run: (subject) => runCases(cases(subject)),
}
