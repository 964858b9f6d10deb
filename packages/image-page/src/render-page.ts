/**
 * The page as one file: it needs nothing else, and is allowed nothing else by its own policy. What comes from the image or the command line passes through the
 * template tag, which escapes it; nothing of it gets into the style or the script.
 */
import { createHash } from 'node:crypto'
import { asItIs, html, type SafeHtml } from './html.ts'
import { renderGlossary, renderPrimer } from './glossary.ts'
import { grouped } from './numbers.ts'
import type { ArenaModel, PageModel } from './page-model.ts'
import { SCRIPT } from './page-script.ts'
import { STYLE } from './page-style.ts'
import { renderFindings } from './render-findings.ts'
import { renderFlog } from './render-flog.ts'
import { renderInfo } from './render-info.ts'
import { renderArenaLayout, renderStorage } from './render-layout.ts'
import { renderMap } from './render-map.ts'
import { renderFacts, renderRepair, renderVerdict } from './render-summary.ts'

function hashOf(content: string): string {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
}

/** Nothing is loaded, and nothing runs or styles but what was put in here. */
const POLICY = [
  `default-src 'none'`,
  `style-src ${hashOf(STYLE)}`,
  `script-src ${hashOf(SCRIPT)}`,
  `base-uri 'none'`,
  `form-action 'none'`,
].join('; ')

function renderArena({ index, anchor, offset, layout, map, flog, info }: ArenaModel): SafeHtml {
  const name = `arena ${index}`
  return html`<section aria-labelledby="${anchor}">
    <h2 id="${anchor}" tabindex="-1">Arena ${index} <small>at byte ${grouped(offset)}</small></h2>
    ${layout === undefined ? html`<p>It cannot be read: neither of its info blocks can be used.</p>` : renderArenaLayout(layout, name)}
    ${map === undefined ? '' : renderMap(map, name)} ${flog === undefined ? '' : renderFlog(flog, name)}
    ${renderInfo(info, name)}
  </section> `
}

function renderNavigation({ arenas, storage }: PageModel): SafeHtml {
  const entries: [anchor: string, text: string][] = [
    ['findings', 'Findings'],
    ['facts', 'What it is'],
    ['primer', 'How it works'],
    ...(storage.length > 0 ? [['storage', 'Storage'] satisfies [string, string]] : []),
    ...arenas.map(({ anchor, index }): [string, string] => [anchor, `Arena ${index}`]),
    ['glossary', 'Glossary'],
  ]
  const links = entries.map(([anchor, text]) => html`<li><a href="#${anchor}">${text}</a></li>`)
  return html`<nav aria-label="On this page">
    <ul>
      ${links}
    </ul>
  </nav>`
}

/** What people call an image: the last part of its path. */
function nameOf(image: string): string {
  return image.split('/').at(-1) || image
}

/** The page as HTML. */
export function renderPage(model: PageModel): string {
  const { image, madeAt } = model
  const name = nameOf(image)
  const time = madeAt.toISOString()
  const body = html`<header class="top">
      <p class="kind">Block Translation Table</p>
      <h1>${name}</h1>
      <p class="made">
        ${name === image ? '' : html`<span class="path">${image}</span>, `}as it was on
        <time datetime="${time}">${time.slice(0, 16).replace('T', ' at ')} UTC</time>
      </p>
    </header>
    <main>
      ${renderVerdict(model)}${renderNavigation(model)}${renderRepair(model.repair)}${renderFindings(model)}${renderFacts(model)}${renderPrimer()}${renderStorage(model)}${model.arenas.map(renderArena)}${renderGlossary()}
    </main>
    <footer>
      <p>
        Made by <code>btt</code> of bttkit. The content of sectors was not looked at. This page is one file,
        works offline and loads nothing.
      </p>
    </footer>`
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="bttkit" />
        <title>${name}: ${model.verdict.verdict}</title>
        ${asItIs('style', STYLE)}
      </head>
      <body>
        ${body} ${asItIs('script', SCRIPT)}
      </body>
    </html>`
  return `${document.toString()}\n`
}
