/** Both info blocks of an arena, side by side. */
import { html, type SafeHtml } from './html.ts'
import { explanation, findingLinks, scroller } from './markup.ts'
import type { InfoField, InfoModel } from './page-model.ts'

function renderField({ name, meaning, primary, backup, isDifferent, anchor, findings }: InfoField): SafeHtml {
  const difference = html`<span class="unseen">differs: </span>${backup}
    <span class="differs" aria-hidden="true">≠</span>`
  const isSame = primary !== undefined && primary === backup
  const values = html`<td class="value">${primary ?? '—'}</td>
    <td class="${isSame ? 'value same' : 'value'}">
      ${isSame ? 'the same' : isDifferent ? difference : (backup ?? '—')}
    </td>`
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
  const isAlike = differing === 0 && primaryFlaws.length === 0 && backupFlaws.length === 0
  const summary = isAlike
    ? 'All fields; both copies are the same'
    : `All fields of both${differing > 0 ? `; they differ in ${differing}` : ''}`
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
      html`An <a href="#g-info">info block</a> describes the arena; it stands at its start, and once more at
        its end.
        ${
          source === undefined
            ? 'Neither can be used, so nothing else of the arena can be read.'
            : `The ${source} counts here.`
        }`,
    )}
    <ul class="plain">
      ${copyState('primary', primaryFlaws)}${copyState('backup', backupFlaws)}
    </ul>
    <details ${isAlike ? '' : 'open'}>
      <summary>${summary}</summary>
      ${scroller(`Info blocks of ${name}`, table)}
    </details>`
}
