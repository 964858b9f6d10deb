/** The top of the page: the verdict, what to do, what was repaired, and what the image is. */
import { html, type SafeHtml } from './html.ts'
import type { Verdict } from '@bttkit/checker-image'
import { counted, grouped } from './numbers.ts'
import { SECTOR_STATES } from './markup.ts'
import type { Fact, PageModel, RepairModel } from './page-model.ts'

/** A check mark, a turn, a warning, a question mark. */
const ICONS: Readonly<Record<Verdict, SafeHtml>> = {
  clean: html`<path d="M6 12.5l4 4 8-9" />`,
  recoverable: html`<path d="M18 12a6 6 0 1 1-2-4.5M16.500 4v4h-4" />`,
  damaged: html`<path d="M12 6v7M12 16.500v.5" />`,
  unreadable: html`<path d="M9 9.500a3 3 0 1 1 4 2.800c-.7.300-1 .8-1 1.700M12 17v.3" />`,
}

export function renderVerdict({ verdict }: PageModel): SafeHtml {
  const steps = verdict.steps.map(
    ({ why, command }) => html`<li>${why}<code class="command">${command}</code></li>`,
  )
  return html`<section class="verdict ${verdict.verdict}" aria-labelledby="verdict">
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="11" />
      ${ICONS[verdict.verdict]}
    </svg>
    <div>
      <p class="word">${verdict.verdict}</p>
      <h2 id="verdict">${verdict.sentence}</h2>
      <p>${verdict.advice}</p>
      ${
        steps.length > 0
          ? html`<ul class="steps">
              ${steps}
            </ul>`
          : ''
      }
    </div>
  </section>`
}

function listOf(messages: readonly string[], more: number): SafeHtml {
  const items = messages.map((message) => html`<li>${message}</li>`)
  return html`<ul class="plain">
    ${items}${more > 0 ? html`<li>and ${grouped(more)} more</li>` : ''}
  </ul>`
}

export function renderRepair(repair: RepairModel | undefined): SafeHtml {
  if (repair === undefined) return html``
  const { isDryRun, done, moreDone, withheld, moreWithheld, before, after } = repair
  const heading = isDryRun ? 'What a repair would do' : 'What was repaired'
  const count = done.length + moreDone
  const summary = isDryRun
    ? `${counted(count, 'repair')} would make of ${before}: ${after}. Nothing was changed; the page shows the image as it is.`
    : `${counted(count, 'repair')} made of ${before}: ${after}. The page shows the image as it is now.`
  return html`<section aria-labelledby="repair">
    <h2 id="repair">${heading}</h2>
    <p>${summary}</p>
    ${
      count > 0
        ? html`<details>
            <summary>${counted(count, 'repair')}</summary>
            ${listOf(done, moreDone)}
          </details>`
        : ''
    }${
      withheld.length > 0
        ? html`<h3>Left as it is</h3>
            <p>These would be guesses; each says which option decides it.</p>
            ${listOf(withheld, moreWithheld)}`
        : ''
    }
  </section>`
}

function factList(facts: readonly Fact[]): SafeHtml {
  const rows = facts.map(
    ({ name, value }) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${value}</dd>
      </div>`,
  )
  return html`<dl class="facts">${rows}</dl>`
}

function renderSectors({ sectors }: PageModel): SafeHtml {
  const tiles = SECTOR_STATES.filter(([state]) => state !== 'unknown' || sectors.unknown > 0).map(
    ([state, name, meaning]) =>
      html`<li>
        <span class="swatch c ${state}" aria-hidden="true"></span
        ><strong data-count="${state}">${grouped(sectors[state])}</strong> <span>${name}</span
        ><small>${meaning}</small>
      </li>`,
  )
  return html`<h3>Its sectors</h3>
    <ul class="tiles">
      ${tiles}
    </ul>`
}

export function renderFacts(model: PageModel): SafeHtml {
  const { facts, storageFacts, arenas } = model
  const storage =
    storageFacts.length > 0
      ? html`<details>
          <summary>The storage, and what the engine makes of it</summary>
          ${factList(storageFacts)}
        </details>`
      : ''
  return html`<section aria-labelledby="facts">
    <h2 id="facts">What it is</h2>
    ${factList(facts)}${arenas.some(({ map }) => map !== undefined) ? renderSectors(model) : ''}${storage}
  </section>`
}
