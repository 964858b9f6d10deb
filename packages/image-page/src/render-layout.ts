/** Bars to scale, and what is in them. */
import { html, type SafeHtml } from './html.ts'
import { explanation, findingLinks, scroller } from './markup.ts'
import { grouped, sizeText } from './numbers.ts'
import type { LayoutPart, PageModel, PartKind } from './page-model.ts'

/** What fits its name, in percent of the bar. */
const NAMED_FROM = 14

const MEANINGS: Readonly<Record<PartKind, string>> = {
  pool: 'what libpmemblk puts in front',
  arena: 'a region that keeps its own table; see below',
  labels: 'names the namespaces of an NVDIMM; no part of the BTT',
  info: 'describes the arena',
  data: 'the blocks: what sectors hold, and the free blocks',
  map: 'says for each sector in which block it is: 4 bytes each',
  flog: 'what each lane writes down before the map: 64 bytes each',
  backup: 'a copy of the info block, for when that is lost',
  unused: 'padding',
}

function renderPart({ kind, name, anchor, bytes, start, width, isWidened, findings }: LayoutPart): SafeHtml {
  const text = `${name}, ${sizeText(bytes)}${isWidened ? ', drawn wider than it is' : ''}`
  const mark = findings.isDamaged
    ? html`<circle class="mark" cx="${(start + width / 2).toFixed(3)}%" cy="8" r="4" />`
    : ''
  const rect = html`<rect
    class="part ${kind}"
    data-bytes="${bytes}"
    data-widened="${isWidened}"
    x="${start.toFixed(3)}%"
    width="${width.toFixed(3)}%"
    height="100%"
    ><title>${text}</title></rect
  >`
  const label =
    width >= NAMED_FROM && kind !== 'unused'
      ? html`<text x="${(start + width / 2).toFixed(3)}%" y="50%">${name}</text>`
      : ''
  // A gap is nothing to go to.
  if (kind === 'unused') return rect
  return html`<a href="#${anchor}" aria-label="${text}">${rect}${label}${mark}</a>`
}

function renderBar(label: string, parts: readonly LayoutPart[]): SafeHtml {
  return html`<svg class="bar" role="group" aria-label="${label}" width="100%" height="56">
    ${parts.map(renderPart)}
  </svg>`
}

function shareText(share: number): string {
  return share > 0 && share < 0.01 ? '< 0.01' : share.toFixed(2)
}

/** Arenas have a section of their own, to which their rows lead; the rows of other parts are what links lead to. */
function renderRow(
  { kind, name, anchor, offset, bytes, isWidened, findings }: LayoutPart,
  total: number,
): SafeHtml {
  const swatch = html`<span class="swatch ${kind}" aria-hidden="true"></span>`
  const note = isWidened ? html`<abbr title="drawn wider than it is"> *</abbr>` : ''
  const cells = html`<td class="number">${grouped(offset)}</td>
    <td class="number">${sizeText(bytes)}</td>
    <td class="number">${shareText((bytes / total) * 100)} %${note}</td>
    <td>${MEANINGS[kind]} ${findingLinks(findings)}</td>`
  return kind === 'arena'
    ? html`<tr>
        <th scope="row">${swatch}<a href="#${anchor}">${name}</a></th>
        ${cells}
      </tr>`
    : html`<tr id="${anchor}" tabindex="-1">
        <th scope="row">${swatch}${name}</th>
        ${cells}
      </tr>`
}

function renderTable(parts: readonly LayoutPart[], label: string): SafeHtml {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  const table = html`<table>
    <thead>
      <tr>
        <th scope="col">part</th>
        <th scope="col" class="number">from byte</th>
        <th scope="col" class="number">size</th>
        <th scope="col" class="number">share</th>
        <th scope="col">what it is for</th>
      </tr>
    </thead>
    <tbody>
      ${parts.map((part) => renderRow(part, total))}
    </tbody>
  </table>`
  return scroller(label, table)
}

function widenedNote(parts: readonly LayoutPart[]): SafeHtml {
  const names = parts.filter(({ isWidened }) => isWidened).map(({ name }) => name)
  if (names.length === 0) return html`<p class="scale">The bar is to scale.</p>`
  const [verb, pronoun] = names.length === 1 ? ['is', 'it'] : ['are', 'they']
  return html`<p class="scale">
    * To scale, but for ${names.join(', ')}: ${pronoun} would be too thin to be seen, and ${verb} drawn wider.
  </p>`
}

export function renderStorage({ storage, moreArenas, arenas }: PageModel): SafeHtml {
  if (storage.length === 0) return html``
  const label = 'The storage from its first byte to its last'
  const left =
    moreArenas > 0
      ? html`<p class="unlisted" id="storage-more">
          The first ${arenas.length} arenas are shown one by one; ${grouped(moreArenas)} more are not.
        </p>`
      : ''
  return html`<section aria-labelledby="storage">
    <h2 id="storage">The storage</h2>
    ${explanation(html`The storage from its first byte to its last. A BTT divides it into <a href="#g-arena">arenas</a> of 512 GiB at most; most images have one.`)}
    ${renderBar(label, storage)}${widenedNote(storage)}${renderTable(storage, label)}${left}
  </section>`
}

/** @param name of the arena */
export function renderArenaLayout(parts: readonly LayoutPart[], name: string): SafeHtml {
  const label = `The parts of ${name}`
  return html`<h3>Its parts</h3>
    ${renderBar(label, parts)}${widenedNote(parts)}${renderTable(parts, label)}`
}
