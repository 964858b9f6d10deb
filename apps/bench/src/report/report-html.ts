/** A report as one page that needs nothing else: no network, no scripts. */
import { machineText } from '../machine.ts'
import type { BenchReport, ComparisonReport, Figure } from '../measure/report.ts'
import { escapeMarkup as text } from './escape-markup.ts'
import { formatRatio, formatValue } from './format-value.ts'
import { goalReached, goalWords, ratioName } from './report-text.ts'
import { stripPlot } from './strip-plot.ts'

const STYLE = `
:root { --back: #fff; --fore: #1b1f24; --soft: #59626d; --line: #d5dae0; --ours: #0b62c4; --peer: #b3450b; --limit: #4f6f3a; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171a; --fore: #e4e8ec; --soft: #9aa4af; --line: #343b43; --ours: #6db1ff; --peer: #ffa36b; --limit: #a9cf8d; }
}
@media print {
  :root { --back: #fff; --fore: #000; --soft: #333; --line: #bbb; --ours: #0b62c4; --peer: #b3450b; --limit: #4f6f3a; }
  section { break-inside: avoid; }
}
body { background: var(--back); color: var(--fore); font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin: 1.5rem 0 0.3rem; }
p, caption { color: var(--soft); }
caption { text-align: left; padding: 0.2rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: 0.15rem 0.8rem 0.15rem 0; text-align: right; }
th:first-child, td:first-child, .words { text-align: left; }
svg { display: block; width: 100%; height: auto; margin: 0.5rem 0; font: 12px system-ui, sans-serif; }
svg text { fill: var(--fore); } svg .tick { fill: var(--soft); }
svg .grid { stroke: var(--line); fill: none; }
svg .rounds { opacity: 0.45; } svg .median { stroke-width: 2.5; fill: none; }
.ours { fill: var(--ours); } .ours .median { stroke: var(--ours); } .ours td:first-child { color: var(--ours); }
.peer { fill: var(--peer); } .peer .median { stroke: var(--peer); } .peer td:first-child { color: var(--peer); }
.limit { fill: var(--limit); } .limit .median { stroke: var(--limit); } .limit td:first-child { color: var(--limit); }
`

const cells = (values: readonly string[]): string => values.map((value) => `<td>${text(value)}</td>`).join('')

function figureRow({ name, kind, value, ratio }: Figure, { unit, reference }: ComparisonReport): string {
  const values = [value.median, value.min, value.max].map((each) => formatValue(each, unit))
  const own = ratio === null ? ['1', '', ''] : [ratio.median, ratio.min, ratio.max].map(formatRatio)
  return `<tr class="${kind}">${cells([name, ...values, ...(reference === null ? [] : own)])}</tr>`
}

function comparisonSection(comparison: ComparisonReport): string {
  const { name, per, reference, figures } = comparison
  const rounds = figures[0]?.rounds.length ?? 0
  const caption = reference === null ? '' : `; ratio: ${ratioName(comparison)}`
  const head = ['', 'median', 'min', 'max', ...(reference === null ? [] : ['ratio', 'min', 'max'])]
  return `<section><h3>${text(name)}</h3>
${stripPlot(comparison)}
<table><caption>${text(per)}, ${rounds} rounds${text(caption)}</caption>
<thead><tr>${head.map((word) => `<th>${word}</th>`).join('')}</tr></thead>
<tbody>${figures.map((figure) => figureRow(figure, comparison)).join('\n')}</tbody></table></section>`
}

function goalTable(comparisons: readonly ComparisonReport[]): string {
  const rows = comparisons.flatMap((comparison) =>
    comparison.goals.map((goal) => {
      const words = [comparison.name, goalWords(goal, comparison)]
      const outcome = [goalReached(goal, comparison), goal.isReached ? 'reached' : 'missed']
      return `<tr>${words.map((word) => `<td class="words">${text(word)}</td>`).join('')}${cells(outcome)}</tr>`
    }),
  )
  if (rows.length === 0) return ''
  return `<h2>Goals</h2><table><thead><tr><th>of</th><th class="words">is</th><th>measured</th><th></th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`
}

function suiteSections(comparisons: readonly ComparisonReport[]): string {
  const suites = [...new Set(comparisons.map(({ suite }) => suite))]
  return suites
    .map((suite) => {
      const own = comparisons.filter((comparison) => comparison.suite === suite)
      return `<h2>${text(suite)}</h2>\n${own.map(comparisonSection).join('\n')}`
    })
    .join('\n')
}

/** The whole page. */
export function reportHtml(report: BenchReport): string {
  const { machine, storage, command, startedAt, seed, comparisons, skipped } = report
  const notMeasured = skipped.map(({ what, reason }) => `<li>${text(what)}: ${text(reason)}</li>`).join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<link rel="icon" href="data:,"/>
<title>btt-bench, ${text(startedAt)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>btt-bench</h1>
<p>${text(machineText(machine))}<br/>memory on ${text(storage.memory)}, disk on ${text(storage.disk)}, seed ${seed}<br/>
<code>${text(command)}</code>, ${text(startedAt)}</p>
<p>Every mark is a round. In a round all of a comparison do the same work, one after the other; the line is the median. Circles are bttkit, squares its peers,
diamonds what the machine can do at best. A ratio is the median of the ratios of the rounds. All contents were read back and verified.</p>
${goalTable(comparisons)}
${suiteSections(comparisons)}
${notMeasured === '' ? '' : `<h2>Skipped</h2><ul>${notMeasured}</ul>`}
</body>
</html>
`
}
