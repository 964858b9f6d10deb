/**
 * How the page looks. Two sets of colours, by the reader's preference; text has a contrast of 4.5 or more in both, which the tests compute. What colour says is also said
 * by a pattern, a shape or a word.
 */
const COLOURS = `
:root {
  color-scheme: light dark;
  --page: #faf9f6; --card: #ffffff; --text: #22262e; --muted: #5a6170; --line: #e2dfd7; --link: #1a57a5; --focus: #1a57a5;
  --well: #0b664a; --well-soft: #e4f2ec; --turn: #1a57a5; --turn-soft: #e6eef9; --bad: #a83209; --bad-soft: #fbebe4; --gone: #86204f; --gone-soft: #f8e7ef;
  --code: #f2f0ea; --hit: #fff3c4;
  --info: #d3c9ea; --data: #bfd8ef; --map: #f1d28f; --flog: #a6d6c6; --pool: #dad5c9; --labels: #e6c4da; --gap: #eeebe3;
  --w0: #ece9e1; --w1: #c3daee; --w2: #86b7dd; --w3: #4b8fc6; --w4: #1d5c99; --zero: #8fc4b0; --zero-ink: #2d7059; --error: #f0b429; --error-ink: #7a4b00; --wrong: #c43d12; --wrong-ink: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181d; --card: #1c2027; --text: #e7e6e2; --muted: #a6adba; --line: #31363f; --link: #92bdff; --focus: #92bdff;
    --well: #74d3b0; --well-soft: #17302a; --turn: #92bdff; --turn-soft: #1b2b44; --bad: #ffae88; --bad-soft: #3a2218; --gone: #ffa3c7; --gone-soft: #3a1c2b;
    --code: #252a33; --hit: #4a401a;
    --info: #50437a; --data: #2d5379; --map: #6d541b; --flog: #235f50; --pool: #4b483f; --labels: #643f57; --gap: #262b33;
    --w0: #2d333e; --w1: #2f5788; --w2: #3a73b5; --w3: #5b9fe0; --w4: #a9d3fb; --zero: #2f7a64; --zero-ink: #a5e3cd; --error: #d99a1c; --error-ink: #3a2500; --wrong: #f2703f; --wrong-ink: #2a0d02;
  }
}
`

const BASICS = `
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; overflow-wrap: anywhere; }
.top, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
.top { padding-top: 2.5rem; }
.kind, .made, footer { color: var(--muted); font-size: .9rem; }
.kind, .made { margin: 0; }
.kind { letter-spacing: .04em; text-transform: uppercase; font-size: .78rem; }
h1 { font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; margin: .2rem 0 .3rem; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .5rem; font-weight: 650; letter-spacing: -.005em; }
h2 small { color: var(--muted); font-size: .9rem; font-weight: 400; margin-left: .3rem; }
h3 { font-size: 1.02rem; margin: 2rem 0 .4rem; font-weight: 650; }
p { margin: .4rem 0; }
section { margin: 1.5rem 0; padding: 1.6rem 1.6rem 1.8rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
.explanation { color: var(--muted); max-width: 46rem; }
a { color: var(--link); text-underline-offset: .15em; text-decoration-thickness: 1px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
code, .value, .findings .number { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace; }
code { background: var(--code); border-radius: 5px; padding: .1em .35em; font-size: .88em; }
ul.plain { margin: .4rem 0; padding-left: 1.2rem; }
.muted { color: var(--muted); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 1rem 0; padding: 0 .2rem; font-size: .93rem; }
footer { padding-bottom: 3rem; padding-top: .5rem; }
details > summary { cursor: pointer; color: var(--link); width: fit-content; padding: .25rem 0; }
.unlisted, .scale { color: var(--muted); font-size: .9rem; }
`

const SUMMARY = `
.verdict { display: flex; gap: 1.1rem; border-left-width: 6px; }
.verdict h2 { font-size: clamp(1.2rem, 3.2vw, 1.5rem); margin: 0 0 .3rem; }
.verdict .word { margin: 0; font-weight: 650; font-size: .85rem; letter-spacing: .03em; }
.verdict .icon { flex: none; width: 2.6rem; height: 2.6rem; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
.verdict .icon circle { stroke-width: 1; }
.verdict > div { flex: 1; min-width: 0; }
.verdict.clean { background: var(--well-soft); border-color: var(--well); } .clean .icon, .clean .word { color: var(--well); }
.verdict.recoverable { background: var(--turn-soft); border-color: var(--turn); } .recoverable .icon, .recoverable .word { color: var(--turn); }
.verdict.damaged { background: var(--bad-soft); border-color: var(--bad); } .damaged .icon, .damaged .word { color: var(--bad); }
.verdict.unreadable { background: var(--gone-soft); border-color: var(--gone); } .unreadable .icon, .unreadable .word { color: var(--gone); }
.steps { list-style: none; margin: .9rem 0 0; padding: 0; display: grid; gap: .7rem; }
.command { display: block; margin-top: .25rem; padding: .55rem .8rem; border-radius: 8px; background: var(--card); border: 1px solid var(--line); user-select: all; white-space: pre-wrap; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18.5rem, 100%), 1fr)); gap: .8rem 1.5rem; margin: .8rem 0; }
.facts dt { color: var(--muted); font-size: .85rem; } .facts dd { margin: 0; font-size: .93rem; }
time { white-space: nowrap; }
.tiles { list-style: none; margin: .6rem 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 100%), 1fr)); gap: .8rem; }
.tiles li { border: 1px solid var(--line); border-radius: 10px; padding: .7rem .9rem; }
.tiles strong { font-size: 1.3rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles small { display: block; color: var(--muted); line-height: 1.4; }
.primer { list-style: none; margin: 1rem 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 1.5rem; }
.primer svg { width: 120px; height: 48px; fill: none; stroke: var(--muted); stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
.primer .part { stroke: none; } .primer .new { stroke: var(--text); }
.glossary { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1rem 1.8rem; margin: .8rem 0 0; }
.glossary dt { font-weight: 650; } .glossary dd { margin: 0; color: var(--muted); }
`

const FINDINGS = `
.group { border-top: 1px solid var(--line); padding: .9rem 0 .2rem; margin-top: .8rem; }
.group header { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .6rem; }
.group h3 { margin: 0; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .98rem; }
.badge { font-size: .78rem; font-weight: 650; padding: .1rem .55rem; border-radius: 99px; background: var(--code); color: var(--muted); }
.damaged .badge { background: var(--bad-soft); color: var(--bad); } .unreadable .badge { background: var(--gone-soft); color: var(--gone); } .recoverable .badge { background: var(--turn-soft); color: var(--turn); }
.count { color: var(--muted); font-size: .9rem; }
.findings { list-style: none; margin: .5rem 0; padding: 0; }
.findings > li { display: flex; gap: .8rem; padding: .35rem .5rem; margin: 0 -.5rem; border-radius: 8px; }
.findings .number { flex: none; min-width: 1.8rem; text-align: right; color: var(--muted); font-size: .85rem; padding-top: .15rem; }
.findings > li > div { min-width: 0; } .findings p { margin: 0; }
.places { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: .1rem 0 0; padding: 0; font-size: .9rem; color: var(--muted); }
.repair { font-size: .93rem; color: var(--muted); }
.marks { white-space: nowrap; font-size: .85rem; } .marks.damage { font-weight: 650; } .marks.damage::before { content: '▲ '; color: var(--bad); }
:target { background: var(--hit); } .c:target { background-color: revert-layer; }
`

const LAYOUT = `
.bar { display: block; border-radius: 10px; margin: .9rem 0 .3rem; overflow: hidden; background: var(--gap); }
.bar a:focus-visible { outline: none; } .bar a:focus-visible rect { stroke: var(--focus); stroke-width: 4; }
.bar text { fill: var(--text); font-size: .9rem; text-anchor: middle; dominant-baseline: central; pointer-events: none; }
.bar rect { shape-rendering: crispEdges; } .bar a:hover rect { filter: brightness(.95); }
.mark { fill: var(--wrong); stroke: var(--card); stroke-width: 1.5; }
.part.info, .part.backup { fill: var(--info); } .part.data, .part.arena { fill: var(--data); } .part.map { fill: var(--map); } .part.flog { fill: var(--flog); } .part.pool { fill: var(--pool); } .part.labels { fill: var(--labels); } .part.unused { fill: var(--gap); }
.bar rect.part { stroke: var(--card); stroke-width: 1; }
.swatch { display: inline-block; width: .85rem; height: .85rem; border-radius: 3px; margin-right: .5rem; vertical-align: -.08rem; }
.swatch.info, .swatch.backup { background: var(--info); } .swatch.data, .swatch.arena { background: var(--data); } .swatch.map { background: var(--map); } .swatch.flog { background: var(--flog); } .swatch.pool { background: var(--pool); } .swatch.labels { background: var(--labels); } .swatch.unused { background: var(--gap); outline: 1px solid var(--line); }
.scroller { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; overflow-wrap: normal; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--muted); font-weight: 500; vertical-align: bottom; white-space: nowrap; } tbody th { font-weight: 500; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td:last-child { min-width: 13rem; } .flog td:last-child, .info td.value { min-width: 0; }
thead th[colspan] { text-align: center; } tr:target td:first-of-type, tr:target th { background: var(--hit); }
.value { font-size: .84rem; white-space: nowrap; } .same { color: var(--muted); font-family: inherit; } .different th { font-weight: 650; } .differs { color: var(--bad); font-weight: 650; } .flaw { color: var(--bad); }
.state { white-space: nowrap; } .state.in-flight { color: var(--turn); font-weight: 650; } .state.damaged, .state.lost { color: var(--bad); font-weight: 650; } .state.unused { color: var(--muted); }
abbr { text-decoration: none; }
`

const MAP = `
.cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(13px, 1fr)); gap: 2px; margin: .8rem 0 .4rem; }
.c { display: block; aspect-ratio: 1; border-radius: 2px; position: relative; }
.cells .c:hover, .cells .c:focus-visible { outline: 2px solid var(--text); outline-offset: 1px; z-index: 1; }
.w0, .initial { background-color: var(--w0); } .w1 { background-color: var(--w1); } .w2 { background-color: var(--w2); } .w3 { background-color: var(--w3); } .w4, .normal { background-color: var(--w4); }
.c.zero { background: radial-gradient(circle, var(--zero-ink) 26%, transparent 32%) var(--zero); }
.c.error, .c.unknown { background: repeating-linear-gradient(135deg, var(--error-ink) 0 2px, transparent 2px 5px) var(--error); }
.c.wrong { background: linear-gradient(45deg, transparent 42%, var(--wrong-ink) 42% 58%, transparent 58%), linear-gradient(-45deg, transparent 42%, var(--wrong-ink) 42% 58%, transparent 58%), var(--wrong); }
.c.noted::after { content: ''; position: absolute; inset: 0; border-radius: 2px; border: 2px solid var(--turn); box-shadow: inset 0 0 0 1px var(--card); }
.c.noted:not(.w0, .w1, .w2, .w3, .w4, .zero) { background-color: var(--w0); }
.cells .c:target { outline: 3px solid var(--text); outline-offset: 1px; z-index: 2; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: .6rem 0 0; padding: 0; font-size: .88rem; color: var(--muted); }
.legend li { display: flex; align-items: center; gap: .4rem; } .legend .c { width: 14px; height: 14px; flex: none; }
.swatch.c { width: .95rem; height: .95rem; aspect-ratio: auto; display: inline-block; }
.cell-text { display: block; min-height: 1.6em; font-size: .92rem; font-variant-numeric: tabular-nums; }
`

const SMALL_AND_PRINT = `
@media (max-width: 40rem) {
  .top, main, footer { padding-left: .75rem; padding-right: .75rem; }
  section { padding: 1.1rem 1rem 1.2rem; border-radius: 12px; }
  .verdict { flex-direction: column; gap: .6rem; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 11pt; } nav, .cell-text { display: none; }
  section { border: 0; padding: 0; break-inside: auto; } h2, h3, tr, .findings > li { break-after: avoid; break-inside: avoid; }
  .scroller { overflow: visible; }
}
`

export const STYLE = [COLOURS, BASICS, SUMMARY, FINDINGS, LAYOUT, MAP, SMALL_AND_PRINT].join('')
