/** The findings, each with links to where it is. */
import { html, type SafeHtml } from './html.ts'
import type { FindingSeverity } from '@bttkit/interfaces'
import { anchors } from './anchors.ts'
import { placeLink } from './markup.ts'
import { grouped } from './numbers.ts'
import type { FindingGroup, ListedFinding, PageModel } from './page-model.ts'

/** Of a code, so many are open; the others unfold. */
const OPEN_OF_CODE = 5

const SEVERITIES: Readonly<Record<FindingSeverity, string>> = {
  info: 'note',
  recoverable: 'recoverable',
  damaged: 'damage',
  unreadable: 'unreadable',
}

function renderFinding({ number, message, places }: ListedFinding): SafeHtml {
  const links = places.map((place) => html`<li>${placeLink(place)}</li>`)
  return html`<li id="${anchors.finding(number)}" tabindex="-1">
    <span class="number">${number}</span>
    <div>
      <p>${message}</p>
      ${
        links.length > 0
          ? html`<ul class="places">
              ${links}
            </ul>`
          : ''
      }
    </div>
  </li> `
}

function renderGroup({ code, severity, count, repair, listed }: FindingGroup): SafeHtml {
  const rest = listed.slice(OPEN_OF_CODE)
  const unlisted = count - listed.length
  return html`<article class="group ${severity}">
    <header>
      <span class="badge">${SEVERITIES[severity]}</span>
      <h3>${code}</h3>
      <span class="count">${grouped(count)} ×</span>
    </header>
    <ol class="findings">
      ${listed.slice(0, OPEN_OF_CODE).map(renderFinding)}
    </ol>
    ${
      rest.length > 0
        ? html`<details>
            <summary>${grouped(rest.length)} more</summary>
            <ol class="findings">
              ${rest.map(renderFinding)}
            </ol>
          </details>`
        : ''
    }${unlisted > 0 ? html`<p class="unlisted">${grouped(unlisted)} more of this kind are not listed here.</p>` : ''}${
      repair === undefined ? '' : html`<p class="repair"><strong>Repair:</strong> ${repair}.</p>`
    }
  </article> `
}

export function renderFindings({ groups, findingCount, listedCount }: PageModel): SafeHtml {
  if (findingCount === 0)
    return html`<section aria-labelledby="findings">
      <h2 id="findings">Findings</h2>
      <p>None. Info blocks, flog and map are as they should be, and every block is accounted for.</p>
    </section>`
  const left =
    listedCount < findingCount
      ? html`<p class="unlisted">
          ${grouped(findingCount - listedCount)} of ${grouped(findingCount)} findings are left out here, to
          keep the page small; <code>btt check --json</code> lists more, and counts all.
        </p>`
      : ''
  return html`<section aria-labelledby="findings">
    <h2 id="findings">Findings</h2>
    <p class="explanation">
      What is wrong or worth knowing, the worst first. A <em>note</em> is something an image may have. Each
      links to the place below where it is.
    </p>
    ${left} ${groups.map(renderGroup)}
  </section>`
}
