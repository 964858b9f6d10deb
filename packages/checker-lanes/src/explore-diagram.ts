/** A schedule as a picture in text: a column for each task, a row for each step. */
import type { Access } from './explore-access.ts'
import { describeAccess, type ReplayedStep } from './explore-replay.ts'
import { taskLetter } from './explore-schedule.ts'

export interface DiagramOptions {
  /** What a step touched, in words; `undefined` for what is not worth a word. Default: kind, object and range. */
  readonly describe?: ((access: Access) => string | undefined) | undefined
  /** The step that is marked, from 1. */
  readonly guiltyStep?: number | undefined
  /** What came after the last step, such as a power failure: a row of its own, which is marked as well. */
  readonly end?: string | undefined
  /** Printed below. */
  readonly problem?: string | undefined
}

const GUILTY = '>'

function titlesOf(steps: readonly ReplayedStep[]): Map<number, string> {
  const titles = new Map<number, string>()
  for (const { task, name } of steps.toSorted((a, b) => a.task - b.task))
    titles.set(task, `${taskLetter(task)} ${name}`)
  return titles
}

/** The lines of a diagram, put together. A step of which nothing is to be said has a dot. */
export function formatDiagram(steps: readonly ReplayedStep[], options: DiagramOptions = {}): string {
  const { describe = describeAccess, guiltyStep, end, problem } = options
  const texts = steps.map(({ touched }) => {
    const said = touched.map((access) => describe(access)).filter((text) => text !== undefined)
    return said.length === 0 ? '·' : said.join(', ')
  })
  const titles = titlesOf(steps)
  const widths = new Map<number, number>()
  for (const [task, title] of titles) {
    const ofTask = texts.filter((_, index) => steps[index]?.task === task)
    widths.set(task, Math.max(title.length, ...ofTask.map((text) => text.length)))
  }
  const numberWidth = String(steps.length).length
  const row = (number: string, mark: string, cell: (task: number) => string): string => {
    const cells = [...widths].map(([task, width]) => cell(task).padEnd(width))
    return `${mark}${number.padStart(numberWidth)} │ ${cells.join(' │ ')}`.trimEnd()
  }
  const lines = [row('', ' ', (task) => titles.get(task) ?? '')]
  for (const [index, step] of steps.entries()) {
    const mark = index + 1 === guiltyStep ? GUILTY : ' '
    lines.push(row(String(index + 1), mark, (task) => (task === step.task ? (texts[index] ?? '') : '')))
  }
  if (end !== undefined) lines.push(`${GUILTY}${' '.repeat(numberWidth)} │ ${end}`)
  if (guiltyStep !== undefined)
    lines.push(`${GUILTY} after step ${guiltyStep} it goes wrong, however it goes on`)
  if (problem !== undefined) lines.push(problem)
  return lines.join('\n')
}
