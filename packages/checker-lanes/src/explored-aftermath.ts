/** What must be true when all threads of a run have ended or died. */
import type { BttDevice, Sleepable } from '@bttkit/interfaces'
import { ScheduledTask } from '@bttkit/sleepable'
import type { SharedScene } from './explored-deaths.ts'
import { SECTOR_BYTES } from './explored-image.ts'
import { contentProblem, type Clock, type OperationRun } from './explored-operations.ts'

/** Of sectors that no operation of a run is on. */
const FIRST_LBA = 40
const FILL = 0xa5
/** Of an operation by itself, at the most: one that takes more goes round in circles. */
const MOST_STEPS = 10_000

/** Runs operations side by side, with nobody else there. Says what is wrong where one of them does not end, or fails. */
function endTogether(what: string, operations: readonly Sleepable<unknown>[]): string | undefined {
  const tasks = operations.map((operation) => new ScheduledTask(what, operation))
  const able = (): ScheduledTask[] => tasks.filter(({ state }) => state === 'runnable')
  let steps = 0
  for (let now = able(); now.length > 0; now = able())
    for (const task of now) {
      if (task.state === 'runnable') task.resume()
      if (++steps > MOST_STEPS) return `${what} does not end within ${MOST_STEPS} steps`
    }
  const wrong = tasks.find(({ state }) => state !== 'done')
  if (wrong === undefined) return undefined
  if (wrong.state === 'failed') return `${what} fails: ${String(wrong.error)}`
  return `${what} waits for ever${wrong.wait?.on === undefined ? '' : ` for a ${wrong.wait.on.object}`}`
}

/** What is held though nobody is left who could hold it. */
function leftBehind({ heldWords, registry }: SharedScene, living: number): string | undefined {
  for (const [what, words] of heldWords) {
    const index = words.findIndex((word) => word !== 0)
    if (index >= 0) return `${what} ${index} is in use after the last operation`
  }
  const { length } = registry.numbers()
  return length === living ? undefined : `${length} threads are in the registry, and ${living} live`
}

/** Writes through as many lanes as there are, twice, and reads that back. */
function furtherWrites(device: BttDevice, laneCount: number): string | undefined {
  const source = new Uint8Array(SECTOR_BYTES).fill(FILL)
  for (let round = 0; round < 2; round++) {
    const writes = Array.from({ length: laneCount }, (_, lane) =>
      device.sleepable.write(FIRST_LBA + lane, source),
    )
    const problem = endTogether('a write after all of that', writes)
    if (problem !== undefined) return problem
  }
  const found = new Uint8Array(SECTOR_BYTES)
  for (let lane = 0; lane < laneCount; lane++) {
    const problem = endTogether('a read after all of that', [device.sleepable.read(FIRST_LBA + lane, found)])
    if (problem !== undefined) return problem
    if (Buffer.compare(found, source) !== 0) return 'a write after all of that is not there'
  }
  return undefined
}

/** What is wrong, in a sentence. */
export function aftermathProblem(
  scene: SharedScene,
  runs: readonly OperationRun[],
  clock: Clock,
  living: number,
): string | undefined {
  const { image, owner, laneCount } = scene
  let device: BttDevice | undefined
  function* joining(): Sleepable<void> {
    device = yield* scene.join()
  }
  const problem = endTogether('a thread that joins', [joining()])
  if (problem !== undefined || device === undefined) return problem
  const found =
    leftBehind(scene, living) ??
    image.bijectionProblem() ??
    contentProblem(device, runs, clock.tick()) ??
    furtherWrites(device, laneCount) ??
    image.bijectionProblem()
  return found ?? endTogether('closing', [owner.sleepable.close()])
}
