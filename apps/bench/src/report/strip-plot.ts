/**
 * A plot of a comparison: a row for each contestant, a mark for each round, and a line at the median. SVG, coloured by classes of the page around it; kinds
 * differ by shape as well, for print.
 */
import type { ContestantKind } from '../contestants/contestant.ts'
import type { ComparisonReport, Figure } from '../measure/report.ts'
import { escapeMarkup } from './escape-markup.ts'
import { formatValue } from './format-value.ts'

const WIDTH = 760
const LABEL_WIDTH = 230
const RIGHT = 24
const ROW_HEIGHT = 30
const AXIS_HEIGHT = 28
const MARK = 4
/** Beyond this from the least to the most a linear axis would show the small ones as nothing. */
const MOST_LINEAR = 8
const MOST_TICKS = 6

/** From values to pixels. */
interface Axis {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

function linearTicks(max: number): number[] {
  const raw = max / MOST_TICKS
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10)
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, i) => i * step)
}

function logTicks(min: number, max: number): number[] {
  const ticks: number[] = []
  for (let power = 10 ** Math.floor(Math.log10(min)); power <= max; power *= 10)
    for (const factor of [1, 2, 5])
      if (factor * power >= min && factor * power <= max) ticks.push(factor * power)
  const every = Math.ceil(ticks.length / (MOST_TICKS + 2))
  return ticks.filter((_, index) => index % every === 0)
}

/** @param values at least one, all above 0 */
export function axisFor(values: readonly number[]): Axis {
  const min = values.reduce((least, value) => Math.min(least, value))
  const max = values.reduce((most, value) => Math.max(most, value))
  const pixels = WIDTH - LABEL_WIDTH - RIGHT
  if (max / min <= MOST_LINEAR)
    return { at: (value) => LABEL_WIDTH + (value / max) * pixels, ticks: linearTicks(max) }
  const [from, to] = [Math.log(min * 0.8), Math.log(max)]
  return {
    at: (value) => LABEL_WIDTH + ((Math.log(value) - from) / (to - from)) * pixels,
    ticks: logTicks(min * 0.8, max),
  }
}

const px = (value: number): string => value.toFixed(1)

function mark(kind: ContestantKind, x: number, y: number): string {
  if (kind === 'ours') return `<circle cx="${px(x)}" cy="${px(y)}" r="${MARK}"/>`
  if (kind === 'peer')
    return `<rect x="${px(x - MARK)}" y="${px(y - MARK)}" width="${2 * MARK}" height="${2 * MARK}"/>`
  return `<path d="M${px(x)} ${px(y - MARK)}l${MARK} ${MARK}l-${MARK} ${MARK}l-${MARK} -${MARK}z"/>`
}

function row(figure: Figure, index: number, axis: Axis, unit: ComparisonReport['unit']): string {
  const y = index * ROW_HEIGHT + ROW_HEIGHT / 2
  const median = axis.at(figure.value.median)
  const marks = figure.rounds.map((value) => mark(figure.kind, axis.at(value), y)).join('')
  const reach = ROW_HEIGHT / 2 - 4
  return `<g class="${figure.kind}"><title>${escapeMarkup(figure.name)}: median ${formatValue(figure.value.median, unit)}</title>
<text x="${LABEL_WIDTH - 12}" y="${y + 4}" text-anchor="end">${escapeMarkup(figure.name)}</text>
<g class="rounds">${marks}</g><path class="median" d="M${px(median)} ${y - reach}v${2 * reach}"/></g>`
}

function gridLine(tick: number, axis: Axis, height: number, unit: ComparisonReport['unit']): string {
  const x = px(axis.at(tick))
  const label = tick === 0 ? '0' : formatValue(tick, unit)
  return `<path class="grid" d="M${x} 0V${height}"/><text class="tick" x="${x}" y="${height + 18}" text-anchor="middle">${label}</text>`
}

/** An `svg` element. */
export function stripPlot({ name, unit, figures }: ComparisonReport): string {
  const axis = axisFor(figures.flatMap(({ rounds }) => rounds))
  const height = figures.length * ROW_HEIGHT
  const grid = axis.ticks.map((tick) => gridLine(tick, axis, height, unit)).join('\n')
  const rows = figures.map((figure, index) => row(figure, index, axis, unit)).join('\n')
  return `<svg viewBox="0 0 ${WIDTH} ${height + AXIS_HEIGHT}" role="img" aria-label="${escapeMarkup(name)}">
${grid}
${rows}
</svg>`
}
