/** Both info blocks of an arena, side by side. */
import { html, type SafeHtml } from '@remix-run/html-template'
import { explanation, findingLinks, scroller } from './markup.ts'
import type { InfoField, InfoModel } from './page-model.ts'

function renderField({ name, meaning, primary, backup, isDifferent, anchor, findings }: InfoField): SafeHtml {
  const values = isDifferent
    ? html`<td class="value">${primary ?? '—'}</td>
        <td class="value">
          <span class="unseen">differs: </span>${backup ?? '—'}
          <span class="differs" aria-hidden="true">≠</span>
        </td>`
    : html`<td class="value">${primary ?? '—'}</td>
        <td class="value same">${backup === undefined ? '—' : 'the same'}</td>`
  return html`<tr id="${anchor}" tabindex="-1" ${isDifferent ? html` class="different"` : ''}>
    <th scope="row">${name}</th>
    ${values}
    <td>${meaning} ${findingLinks(findings)}</td>
  </tr> `
}

function copyState(which: string, flaws: readonly string[]): SafeHtml {
  return flaws.length === 0
    ? html`<li>The ${which} can be used.</li>`
    : html`<li class="flaw">The ${which} cannot be used: ${flaws.join('; ')}.</li>`
}

/** @param name of the arena */
export function renderInfo(
  { anchor, source, primaryFlaws, backupFlaws, fields }: InfoModel,
  name: string,
): SafeHtml {
  const differing = fields.filter(({ isDifferent }) => isDifferent).length
  const table = html`<table class="info">
    <thead>
      <tr>
        <th scope="col">field</th>
        <th scope="col">primary</th>
        <th scope="col">backup</th>
        <th scope="col">what it says</th>
      </tr>
    </thead>
    <tbody>
      ${fields.map(renderField)}
    </tbody>
  </table>`
  return html`<h3 id="${anchor}" tabindex="-1">Its info blocks</h3>
${explanation(
  html`An <a href="#g-info">info block</a> describes the arena; it stands at its start, and once more at its
    end.
    ${
      source === undefined
        ? 'Neither can be used, so nothing else of the arena can be read.'
        : `The ${source} counts here.`
    }`,
)}
<ul class="plain">${copyState('primary', primaryFlaws)}${copyState('backup', backupFlaws)}</ul>
<details${differing > 0 ? html` open` : ''}><summary>${
    differing === 0 ? 'All fields; both copies are the same' : `All fields; the copies differ in ${differing}`
  }</summary>${scroller(`Info blocks of ${name}`, table)}</details>`
}
