/** What the words mean, for somebody who has never seen a BTT. */
import { html, type SafeHtml } from './html.ts'

const TERMS: readonly (readonly [id: string, term: string, meaning: string])[] = [
  [
    'arena',
    'Arena',
    'A region of the storage that has everything it needs: info blocks, data, map and flog. 512 GiB at most; a larger disk has several, one behind the other.',
  ],
  ['backup', 'Backup', 'The second copy of the info block, at the end of the arena.'],
  [
    'block',
    'Block',
    'A place in the data part that holds one sector. There are some more blocks than sectors: those are free. Blocks are counted in their arena.',
  ],
  [
    'btt',
    'BTT',
    'Block Translation Table: a way to keep sectors so that each is either old or new after a power cut, never half of both. It is in the UEFI specification; Linux uses it on persistent memory.',
  ],
  [
    'checksum',
    'Checksum',
    'A number made of all bytes of an info block. Where it does not fit, the block was torn or changed.',
  ],
  [
    'flog',
    'Flog',
    'Free list and log in one: an entry for each lane, which says what it wrote last, and by that which block it has free.',
  ],
  [
    'free',
    'Free block',
    'A block that belongs to no sector. New content is written there, so that the old content is whole until the map is switched.',
  ],
  [
    'flight',
    'In flight',
    'A write that was interrupted between flog and map. Its content is whole; the map entry is completed by whoever uses the image next.',
  ],
  ['info', 'Info block', '4096 bytes that describe an arena: sizes, counts, and where its parts are.'],
  [
    'label',
    'Label area',
    'The last part of the memory of an NVDIMM: it names its namespaces, and is no part of the BTT.',
  ],
  [
    'lane',
    'Lane',
    'What a write needs: one free block and one flog entry. As many writes run side by side as there are lanes.',
  ],
  ['lba', 'LBA', 'The number of a sector, as whoever uses the disk counts: 0, 1, 2, …'],
  [
    'map',
    'Map',
    'A table with an entry of 4 bytes for each sector: the block that holds it, and whether it is zeroed or lost.',
  ],
  ['pool', 'Pool', 'A file of libpmemblk: a header, and a BTT behind it.'],
  ['sector', 'Sector', 'What a disk reads and writes as one: mostly 512 or 4096 bytes.'],
  ['seq', 'Sequence number', 'Tells which of the two flog entries of a lane is newer: 1, 2, 3, and 1 again.'],
]

export function renderGlossary(): SafeHtml {
  const terms = TERMS.map(
    ([id, term, meaning]) =>
      html`<div id="g-${id}" tabindex="-1">
        <dt>${term}</dt>
        <dd>${meaning}</dd>
      </div> `,
  )
  return html`<section aria-labelledby="glossary">
    <h2 id="glossary">Glossary</h2>
    <dl class="glossary">${terms}</dl>
  </section>`
}

/** How a sector is written, in three steps. */
export function renderPrimer(): SafeHtml {
  return html`<section aria-labelledby="primer">
    <h2 id="primer">How it works</h2>
    <p class="explanation">
      A <a href="#g-btt">Block Translation Table</a> keeps a disk whose sectors cannot tear: after a power cut
      each is old or new, never half of both. It never overwrites a sector in place.
    </p>
    <ol class="primer">
      <li>
        <svg viewBox="0 0 120 48" aria-hidden="true">
          <rect class="part data" x="4" y="12" width="30" height="24" rx="3" />
          <rect class="part unused" x="45" y="12" width="30" height="24" rx="3" />
          <rect class="part data new" x="86" y="12" width="30" height="24" rx="3" />
          <path d="M101 2v6m-3-3l3 3 3-3" />
        </svg>
        <p>
          <strong>Data.</strong> The new content goes into a <a href="#g-free">free block</a>. The old content
          is still whole.
        </p>
      </li>
      <li>
        <svg viewBox="0 0 120 48" aria-hidden="true">
          <rect class="part flog" x="24" y="8" width="72" height="32" rx="3" />
          <path d="M32 18h28m4 0h24M32 29h16m4 0h36" />
        </svg>
        <p>
          <strong>Flog.</strong> The <a href="#g-lane">lane</a> notes in the <a href="#g-flog">flog</a>: this
          sector, from the old block to the new.
        </p>
      </li>
      <li>
        <svg viewBox="0 0 120 48" aria-hidden="true">
          <rect class="part map" x="8" y="12" width="34" height="24" rx="3" />
          <rect class="part data new" x="82" y="12" width="30" height="24" rx="3" />
          <path d="M44 24h32m-4-4l4 4-4 4" />
        </svg>
        <p>
          <strong>Map.</strong> One entry of the <a href="#g-map">map</a> is switched, and the sector is new.
          Its old block is the free one now.
        </p>
      </li>
    </ol>
  </section>`
}
