/** The tables of docs/verification.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Kill } from './kill-matrix.ts'
import type { LaneModelReport } from './lane-models.ts'

const DOCUMENT = new URL('../../../docs/verification.md', import.meta.url)

export const KILL_MATRIX = 'kill matrix'
export const LANE_MODELS = 'lane models'

/** What a checker counts. */
const UNITS = {
  schedules: 'schedule',
  crashes: 'crash state',
  creation: 'crash state',
  images: 'image',
  'failing storage': 'case',
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function killTable(kills: readonly Kill[]): string {
  const rows = kills.map(({ mutant: { name, wrong, rule }, killer }) => {
    if (killer === undefined) return [`\`${name}\``, wrong, rule, '**nothing**', '', '']
    const { check, checker, runs, ms, steps } = killer
    return [
      `\`${name}\``,
      wrong,
      rule,
      check,
      `${runs} ${UNITS[checker]}${runs === 1 ? '' : 's'}, ${ms} ms`,
      steps === undefined ? '' : String(steps),
    ]
  })
  return table(['mutant', 'what is wrong', 'rule', 'found by', 'after', 'steps'], rows)
}

function rounded(count: number | undefined): string {
  return count === undefined ? 'not each time' : count.toFixed(1)
}

export function laneModelTable(reports: readonly LaneModelReport[]): string {
  const rows = reports.map(({ lanes, kernels, exhaustive, problem, pct, random }) =>
    problem === undefined
      ? [`\`${lanes}\``, kernels, `none in all ${exhaustive}`, 'none', 'none']
      : [`\`${lanes}\``, kernels, String(exhaustive), rounded(pct), rounded(random)],
  )
  return table(['lanes', 'where', 'in order', 'PCT', 'random'], rows)
}

function places(text: string, name: string): [number, number] {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/verification.md has no place for "${name}"`)
  return [from + begin.length, to]
}

function readTable(name: string): string {
  const text = readFileSync(DOCUMENT, 'utf8')
  return text.slice(...places(text, name)).trim()
}

export function writeTable(name: string, content: string): void {
  const text = readFileSync(DOCUMENT, 'utf8')
  const [from, to] = places(text, name)
  writeFileSync(DOCUMENT, `${text.slice(0, from)}\n\n${content}\n\n${text.slice(to)}`)
}

/** By the name of the mutant: the check that found it, as the document has it. */
export function documentedKillers(): Map<string, string> {
  const killers = new Map<string, string>()
  for (const row of readTable(KILL_MATRIX).split('\n').slice(2)) {
    const [name, , , killer] = row
      .split('|')
      .slice(1)
      .map((cell) => cell.trim())
    if (name !== undefined && killer !== undefined) killers.set(name.replaceAll('`', ''), killer)
  }
  return killers
}
