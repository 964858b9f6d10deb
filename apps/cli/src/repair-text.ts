/** What `btt check --repair` prints. */
import type { RepairStep, WithheldRepair } from '@bttkit/checker-image'
import { describeCheck, jsonOfCheck, placeOf } from './check-text.ts'
import type { RepairedImage } from './repair-run.ts'

/** Of each code so many steps are named to people. */
const MOST_NAMED = 20

function describeSteps(steps: readonly RepairStep[], verb: string): string[] {
  const counts = new Map<string, number>()
  const lines: string[] = []
  for (const step of steps) {
    const count = (counts.get(step.code) ?? 0) + 1
    counts.set(step.code, count)
    if (count > MOST_NAMED) continue
    lines.push(
      `${verb}: ${step.message}`,
      `  ${[step.code, placeOf(step)].filter((part) => part !== '').join(' at ')}`,
    )
  }
  for (const [code, count] of counts)
    if (count > MOST_NAMED) lines.push(`and ${count - MOST_NAMED} more of ${code}`)
  return lines
}

function describeWithheld({ code, message }: WithheldRepair): string[] {
  return [`not repaired: ${message}`, `  ${code}`]
}

/** A repair for people. */
export function describeRepair({ plan, isDryRun, undo, checked }: RepairedImage): string {
  const { steps, withheld, before, after } = plan
  const lines = [
    ...describeSteps(steps, isDryRun ? 'would repair' : 'repaired'),
    ...withheld.flatMap(describeWithheld),
    ...(undo === undefined ? [] : [`${undo}: takes this repair back`]),
    ...(isDryRun ? [`a repair would make of ${before}: ${after}`] : []),
  ]
  const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`
  return text + describeCheck(checked)
}

/** A repair for programs: a check, and what was done before it. */
export function jsonOfRepair({ plan, isDryRun, undo, checked }: RepairedImage): unknown {
  const { steps, withheld, before, after } = plan
  const places = { arena: null, lane: null, lba: null, block: null, offset: null }
  return {
    ...jsonOfCheck(checked),
    repair: {
      dryRun: isDryRun,
      before,
      after,
      steps: steps.map((step) => ({ ...places, ...step })),
      withheld: withheld.map((one) => ({ arena: null, lba: null, block: null, ...one })),
      undo: undo ?? null,
    },
  }
}
