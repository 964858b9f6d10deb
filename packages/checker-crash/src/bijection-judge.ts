/**
 * The bijection of blocks, for many images that are nearly alike: maps and flogs that were found right are kept for a while, and the same bytes are not judged again.
 * Most states that one power failure leaves are recovered to one of two.
 */
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import type { BttDevice } from '@bttkit/interfaces'
import type { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'

/** What a few operations that overlap lead to. Two of them differ in their first bytes, so that to compare them costs little. */
const MOST_KEPT = 64

export class BijectionJudge {
  private readonly right: Uint8Array[] = []
  private scratch = new Uint8Array()

  /** Says what is wrong with who holds which block, in one sentence, or `undefined`. */
  judge(storage: PowerFailMemory, device: BttDevice): string | undefined {
    const found = this.readMaps(storage, device)
    if (this.right.some((known) => Buffer.compare(known, found) === 0)) return undefined
    const report = runAtomic(checkBijection(storage, device.info))
    if (isBijection(report)) {
      this.right.unshift(found.slice())
      this.right.splice(MOST_KEPT)
      return undefined
    }
    const problems = Object.entries(report)
      .filter(([, { count }]) => count > 0)
      .map(([what, { count, first }]) => `${what} ${count}, first ${JSON.stringify(first[0])}`)
    return `blocks have not one holder each: ${problems.join('; ')}`
  }

  /** Maps and flogs of all arenas; valid until the next call. */
  private readMaps(storage: PowerFailMemory, { info }: BttDevice): Uint8Array {
    const lengths = info.arenas.map(({ mapoff, info2off }) => info2off - mapoff)
    const total = lengths.reduce((sum, length) => sum + length, 0)
    if (this.scratch.length !== total) this.scratch = new Uint8Array(total)
    let at = 0
    for (const [index, { offset, mapoff }] of info.arenas.entries()) {
      const length = lengths[index] ?? 0
      storage.readInto(offset + mapoff, this.scratch, at, length)
      at += length
    }
    return this.scratch
  }
}
