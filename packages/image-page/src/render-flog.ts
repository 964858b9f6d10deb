/** The flog as a table, a row a lane. */
import { html, type SafeHtml } from './html.ts'
import { explanation, findingLinks, scroller } from './markup.ts'
import { counted, grouped } from './numbers.ts'
import type { FlogEntryModel, FlogModel, LaneModel, LaneState } from './page-model.ts'

const STATES: Readonly<Record<LaneState, string>> = {
  unused: 'never wrote',
  wrote: 'idle',
  'in flight': 'in flight',
  damaged: 'damaged',
  lost: 'cannot be read',
}

function entryCells(entry: FlogEntryModel | undefined): SafeHtml {
  if (entry === undefined) return html`<td colspan="4">—</td>`
  const { slot, seq, lba, oldBlock, newBlock } = entry
  if (seq === 0)
    return html`<td class="number">${slot}</td>
      <td class="number">0</td>
      <td colspan="2" class="muted">unused</td>`
  return html`<td class="number">${slot}</td>
    <td class="number">${seq}</td>
    <td class="number">${grouped(lba)}</td>
    <td class="number">${grouped(oldBlock)} → ${grouped(newBlock)}</td>`
}

function renderLane({ anchor, lane, state, freeBlock, newer, older, findings }: LaneModel): SafeHtml {
  return html`<tr id="${anchor}" tabindex="-1">
    <th scope="row" class="number">${lane}</th>
    <td><span class="state ${state.replace(' ', '-')}">${STATES[state]}</span> ${findingLinks(findings)}</td>
    <td class="number">${freeBlock === undefined ? '—' : grouped(freeBlock)}</td>
    ${entryCells(newer)}${entryCells(older)}
  </tr> `
}

function renderTable(label: string, lanes: readonly LaneModel[]): SafeHtml {
  const entry = html`<th scope="col" class="number">slot</th>
    <th scope="col" class="number">seq</th>
    <th scope="col" class="number">LBA</th>
    <th scope="col" class="number">block, old → new</th>`
  return scroller(
    label,
    html`<table class="flog">
      <thead>
        <tr>
          <th scope="col" rowspan="2" class="number">lane</th>
          <th scope="col" rowspan="2">state</th>
          <th scope="col" rowspan="2" class="number">free block</th>
          <th scope="colgroup" colspan="4">newer entry</th>
          <th scope="colgroup" colspan="4">older entry</th>
        </tr>
        <tr>
          ${entry}${entry}
        </tr>
      </thead>
      <tbody>
        ${lanes.map(renderLane)}
      </tbody>
    </table>`,
  )
}

/** @param name of the arena */
export function renderFlog(flog: FlogModel, name: string): SafeHtml {
  const { anchor, notable, others, laneCount, slots } = flog
  const left = laneCount - notable.length - others.length
  return html`<h3 id="${anchor}" tabindex="-1">Its lanes, by the flog</h3>
    ${explanation(
      html`Each write goes through a <a href="#g-lane">lane</a>, which owns one
        <a href="#g-free">free block</a>. Before the map is changed the lane notes in the
        <a href="#g-flog">flog</a> which sector it wrote, from which block to which. It keeps two such
        entries, in slots ${slots[0]} and ${slots[1]}; the sequence number (1, 2, 3, 1, …) tells which is
        newer. `,
      html`A lane is <em>in flight</em> where the newer entry is written and the map still says the old block:
        a write was interrupted, and whoever uses the image next completes it.`,
    )}
    <p>
      ${counted(laneCount, 'lane')}${notable.length === 0 ? ', none in flight and none damaged.' : `, ${counted(notable.length, 'of them wants', 'of them want')} a look:`}
    </p>
    ${notable.length > 0 ? renderTable(`Lanes of ${name} that want a look`, notable) : ''}
    ${
      others.length > 0
        ? html`<details>
            <summary>${counted(others.length, 'lane')} in order</summary>
            ${renderTable(`Lanes of ${name} in order`, others)}
          </details>`
        : ''
    }
    ${left > 0 ? html`<p class="unlisted">${counted(left, 'lane is', 'lanes are')} not shown.</p>` : ''}`
}
