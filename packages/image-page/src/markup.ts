/** Small pieces that several parts of the page have. */
import { html, type SafeHtml } from './html.ts'
import { anchors } from './anchors.ts'
import { counted, grouped } from './numbers.ts'
import type { FindingMarks, PlaceLink } from './page-model.ts'

/** What sectors can be, in the words of the page. */
export const SECTOR_STATES = [
  ['normal', 'written', 'has content, in a block that the map names'],
  ['initial', 'never written', 'reads as zeros'],
  ['zero', 'zeroed', 'was set to zeros without a block of zeros being stored'],
  ['error', 'lost', 'is marked: reading it fails, writing it makes it good'],
  ['unknown', 'unknown', 'its map entry cannot be read'],
] as const

/** A box that scrolls sideways by itself, also by keyboard, so that the page never does. */
export function scroller(label: string, content: SafeHtml): SafeHtml {
  return html`<div class="scroller" role="region" aria-label="${label}" tabindex="0">${content}</div>`
}

export function explanation(...sentences: readonly SafeHtml[]): SafeHtml {
  return html`<p class="explanation">${[...sentences]}</p>`
}

export function placeLink({ text, anchor }: PlaceLink): SafeHtml {
  return anchor === undefined ? html`<span>${text}</span>` : html`<a href="#${anchor}">${text}</a>`
}

/** Links to the findings at a place; nothing where there are none. */
export function findingLinks({ count, listed, isDamaged }: FindingMarks): SafeHtml {
  if (count === 0) return html``
  const links = listed.map(
    (number) => html` <a href="#${anchors.finding(number)}" aria-label="finding ${number}">${number}</a>`,
  )
  const more = count - listed.length
  const rest =
    more > 0 ? html` ${listed.length > 0 ? '+ ' : ''}${counted(more, 'not listed', 'not listed')}` : ''
  return html`<span class="${isDamaged ? 'marks damage' : 'marks'}">finding${links}${rest}</span>`
}

/** `1,024 – 2,047`, or one number. */
export function rangeText(first: number, last: number): string {
  return first === last ? grouped(first) : `${grouped(first)} – ${grouped(last)}`
}
