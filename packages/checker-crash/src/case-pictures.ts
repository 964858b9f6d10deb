/** A replayed case for people: as a lane diagram in text, and as a trace for Perfetto. */
import { formatDiagram, formatScheduleTrace, type Access } from '@bttkit/checker-lanes'
import type { CrashedStore, CrashStep, ReplayedCase } from './replay-case.ts'

const POWER_FAILURE = 'the power fails'
const NO_STORES = 'nothing'

function wordsOf({ calls, ends }: CrashStep): string[] {
  return [...calls.map(({ text }) => text), ...(ends ? ['ends'] : [])]
}

/** A store by the step that made it, its stage, lane and sectors. */
function describeStore({ step, stage, lane, lbas, fate }: CrashedStore): string {
  const words = [
    stage ?? 'write',
    ...(lane === null ? [] : [`lane ${lane}`]),
    ...lbas.map((lba) => `LBA ${lba}`),
  ]
  return `${words.join(', ')} (step ${step})${fate === 'torn' ? ', a part of it' : ''}`
}

/** What survived of the stores that were in flight, and what is lost. */
function describeStores(stores: readonly CrashedStore[]): { survived: string[]; lost: string[] } {
  return {
    survived: stores.filter(({ fate }) => fate !== 'lost').map(describeStore),
    lost: stores.filter(({ fate }) => fate === 'lost').map(describeStore),
  }
}

/** The lines of a diagram, put together: a column a task, a row a step, the power failure as the last one; and below, what survived. */
export function formatCrashDiagram({ steps, stores, problem, hasPowerFailure }: ReplayedCase): string {
  const texts = new Map<Access, string>()
  const shown = steps.map((step) => ({
    task: step.task,
    name: step.name,
    touched: wordsOf(step).map((text, index) => {
      const access: Access = { object: 'storage', kind: 'read', start: index, end: index + 1 }
      texts.set(access, text)
      return access
    }),
  }))
  const diagram = formatDiagram(shown, {
    describe: (access) => texts.get(access),
    end: hasPowerFailure ? POWER_FAILURE : undefined,
  })
  const { survived, lost } = describeStores(stores)
  const listed = (names: readonly string[]): string => names.join('; ') || NO_STORES
  const fates = hasPowerFailure
    ? [`in flight, and survived: ${listed(survived)}`, `in flight, and lost: ${listed(lost)}`]
    : []
  return [diagram, ...fates, ...(problem === undefined ? [] : [problem])].join('\n')
}

/** A trace as text: see `formatScheduleTrace`. */
export function crashTrace({ steps, stores, problem, hasPowerFailure }: ReplayedCase): string {
  const traced = steps.map((step) => ({
    task: step.task,
    name: step.name,
    label: wordsOf(step).join(', ') || 'goes on',
    lanes: [...new Set(step.calls.flatMap(({ lane }) => (lane === undefined ? [] : [lane])))],
    args: { calls: step.calls, ends: step.ends },
  }))
  const { survived, lost } = describeStores(stores)
  const end = { name: POWER_FAILURE, args: { survived, lost, problem } }
  return formatScheduleTrace(traced, hasPowerFailure ? end : undefined)
}
