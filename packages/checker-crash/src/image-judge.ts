/**
 * What must be true of an image at rest, whoever wrote it: each internal block has one holder, and the checker of images finds nothing wrong. The two count blocks
 * independently of each other.
 *
 * Of many images that are nearly alike, info blocks, maps and flogs that were found right are kept for a while, and the same bytes are not judged again. Most states that one power
 * failure leaves are recovered to one of two.
 */
import { examineImage, type Verdict } from '@bttkit/checker-image'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import type { BttDevice, BttInfo, Finding } from '@bttkit/interfaces'
import type { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'

/** What a few operations that overlap lead to. Two of them differ in their first bytes, so that to compare them costs little. */
const MOST_KEPT = 64
const INFO_BLOCK_BYTES = 4096

/** Info blocks, maps and flogs that were found right. */
class RightPlans {
  private readonly kept: Uint8Array[] = []

  /** Judges these, unless they are known. */
  judge(plan: Uint8Array, judgeUnknown: () => string | undefined): string | undefined {
    if (this.kept.some((known) => Buffer.compare(known, plan) === 0)) return undefined
    const problem = judgeUnknown()
    if (problem !== undefined) return problem
    this.kept.unshift(plan.slice())
    this.kept.splice(MOST_KEPT)
    return undefined
  }
}

export class ImageJudge {
  private readonly recovered = new RightPlans()
  private readonly unrecovered = new RightPlans()
  private scratch = new Uint8Array()

  /** Says what is wrong with an image that was recovered, in one sentence, or `undefined`. */
  judge(storage: PowerFailMemory, { info }: BttDevice): string | undefined {
    return this.recovered.judge(
      this.readPlan(storage, info),
      () => judgeBijection(storage, info) ?? judgeByChecker(storage, info, ['clean']),
    )
  }

  /** As `judge`, of one that nobody has attached since: writes that this will complete are nothing wrong. The BTT is where it was, as `info` says. */
  judgeUnrecovered(storage: PowerFailMemory, info: BttInfo): string | undefined {
    return this.unrecovered.judge(this.readPlan(storage, info), () =>
      judgeByChecker(storage, info, ['clean', 'recoverable']),
    )
  }

  /** Info blocks, maps and flogs of all arenas; valid until the next call. */
  private readPlan(storage: PowerFailMemory, info: BttInfo): Uint8Array {
    const ranges = info.arenas.flatMap(({ offset, mapoff, info2off }) => [
      { offset, length: INFO_BLOCK_BYTES },
      { offset: offset + mapoff, length: info2off + INFO_BLOCK_BYTES - mapoff },
    ])
    const total = ranges.reduce((sum, { length }) => sum + length, 0)
    if (this.scratch.length !== total) this.scratch = new Uint8Array(total)
    let at = 0
    for (const { offset, length } of ranges) {
      storage.readInto(offset, this.scratch, at, length)
      at += length
    }
    return this.scratch
  }
}

/** Says which block has not one holder, or `undefined`. */
export function judgeBijection(storage: PowerFailMemory, info: BttInfo): string | undefined {
  const report = runAtomic(checkBijection(storage, info))
  if (isBijection(report)) return undefined
  const problems = Object.entries(report)
    .filter(([, { count }]) => count > 0)
    .map(([what, { count, first }]) => `${what} ${count}, first ${JSON.stringify(first[0])}`)
  return `blocks have not one holder each: ${problems.join('; ')}`
}

function judgeByChecker(
  storage: PowerFailMemory,
  info: BttInfo,
  allowed: readonly Verdict[],
): string | undefined {
  let worst: Finding | undefined
  const namespaceOffset = info.arenas[0]?.offset
  const { verdict } = runAtomic(
    examineImage(storage, {
      namespaceOffset,
      onFinding: (finding) => {
        if (finding.severity !== 'info') worst ??= finding
      },
    }),
  )
  if (allowed.includes(verdict)) return undefined
  return `the checker of images calls it ${verdict}: ${worst?.message ?? 'for nothing that it names'}`
}
