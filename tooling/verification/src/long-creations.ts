/** Creations of which the power fails at each moment, under `px86`: a torn info block alone has 8192 classes of states. The long run over the engine as it is. */
import { checkCreation } from '@bttkit/checker-crash'
import { crashVerdict } from './checks/crash-checks.ts'
import { CREATION } from './checks/creation-checks.ts'
import { IMAGE_BYTES, smallImage } from './checks/images.ts'
import type { WorkloadReport } from './long-crashes.ts'
import type { Subject } from './subject.ts'

/**
 * As many as one torn info block has. While the zeros over several old ones are in flight together there are more than anybody can run, because an attach reads each place where one may be as a whole: those are
 * sampled, as many again.
 */
const MOST_CLASSES = 8192

export function* longCreations({ engine }: Subject): Generator<WorkloadReport> {
  const creations = [
    { name: 'creation on blank media', media: new Uint8Array(IMAGE_BYTES) },
    { name: 'creation over another BTT', media: smallImage(engine), limit: MOST_CLASSES },
  ]
  for (const { name, media, limit } of creations) {
    const found = checkCreation({ engine, media, model: 'px86', creation: CREATION, limit })
    const { problem, runs, states, isComplete, replay } = crashVerdict(`${name}, px86`, found)
    const isSampled = limit !== undefined
    yield { name, classes: runs, states, isExhaustive: isComplete, isSampled, problem, replay }
  }
}
