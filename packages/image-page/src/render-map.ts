/** The map as a grid of cells. */
import { html, type SafeHtml } from './html.ts'
import { anchors } from './anchors.ts'
import { SECTOR_STATES, explanation, rangeText } from './markup.ts'
import { counted, grouped } from './numbers.ts'
import type { MapCell, MapModel } from './page-model.ts'

/** How full a cell is drawn: shades of the share that is written. */
const SHADES = 4

const LEGEND = [
  ['w0', 'never written'],
  ['w1', 'some'],
  ['w2', ''],
  ['w3', ''],
  ['w4', 'all written'],
  ['zero', 'zeroed'],
  ['error', 'lost or unknown'],
  ['wrong', 'damaged'],
  ['noted', 'has a note'],
] as const

/** The worst of a cell decides; where nothing is wrong, how much of it is written. */
function classOf({ sectors, wrong, findings }: MapCell): string {
  const noted = findings.count > 0 ? ' noted' : ''
  if (wrong > 0 || findings.isDamaged) return 'c wrong'
  if (sectors.error > 0 || sectors.unknown > 0) return 'c error'
  if (sectors.zero > sectors.normal) return `c zero${noted}`
  const total = sectors.normal + sectors.initial + sectors.zero
  // Only what is full looks full, and only what is empty looks empty.
  const shade = sectors.normal === total ? SHADES : Math.ceil((sectors.normal / total) * (SHADES - 1))
  return `c w${shade}${noted}`
}

function textOf({ firstLba, lastLba, sectors, wrong, findings }: MapCell): string {
  const states = SECTOR_STATES.flatMap(([state, name]) =>
    sectors[state] > 0 ? [firstLba === lastLba ? name : `${grouped(sectors[state])} ${name}`] : [],
  )
  return [
    `LBA ${rangeText(firstLba, lastLba)}: ${states.join(', ')}`,
    ...(wrong > 0 ? [`${counted(wrong, 'map entry', 'map entries')} wrong`] : []),
    ...(findings.count > 0 ? [counted(findings.count, 'finding')] : []),
  ].join('; ')
}

function renderCell(cell: MapCell, i: number): SafeHtml {
  const [finding] = cell.findings.listed
  const stop = i === 0 ? 0 : -1
  const [className, text] = [classOf(cell), textOf(cell)]
  return finding === undefined
    ? html`<span
        id="${cell.anchor}"
        class="${className}"
        role="img"
        tabindex="${stop}"
        title="${text}"
      ></span>`
    : html`<a
        id="${cell.anchor}"
        class="${className}"
        href="#${anchors.finding(finding)}"
        tabindex="${stop}"
        title="${text}"
      ></a>`
}

/** @param name of the arena */
export function renderMap({ anchor, sectorsPerCell, cells, sectors }: MapModel, name: string): SafeHtml {
  const legend = LEGEND.map(
    ([className, text]) =>
      html`<li>
        <span class="c ${className}" aria-hidden="true"></span
        >${text === '' ? html`<span class="unseen">more</span>` : text}
      </li>`,
  )
  const counts = SECTOR_STATES.flatMap(([state, word]) =>
    sectors[state] > 0 ? [`${grouped(sectors[state])} ${word}`] : [],
  )
  return html`<h3 id="${anchor}" tabindex="-1">Its sectors, by the map</h3>
    ${explanation(html`The <a href="#g-map">map</a> says for each <a href="#g-sector">sector</a> which <a href="#g-block">block</a> holds it. Each cell is ${counted(sectorsPerCell, 'sector')}${sectorsPerCell === 1 ? '' : ' one behind the other'}, in their order. ${counts.join(', ')}.`)}
    <ul class="legend">
      ${legend}
    </ul>
    <div
      class="cells"
      role="group"
      aria-label="Map of ${name}: arrow keys go from cell to cell, Enter to its finding"
    >
      ${cells.map(renderCell)}
    </div>
    <output class="cell-text">Point at a cell, or go through them with the arrow keys.</output>`
}
