/** The page as text: nothing of an image gets out of its place, and it stays small. */
import { expect, test } from 'vitest'
import type { Finding } from '@bttkit/interfaces'
import { buildPage, renderPage, type PageContent } from './index.ts'
import { contentOf, kernelImage, ruinedPool } from './page.test-support.ts'

const HOSTILE = `</title><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;`

/** A megabyte, as somebody who mails it counts. */
const LARGEST = 1_000_000

function withFinding(content: PageContent, finding: Finding): PageContent {
  const { report } = content
  return {
    ...content,
    findings: [...content.findings, finding],
    report: { ...report, findingsByCode: { ...report.findingsByCode, [finding.code]: 1 } },
  }
}

test('nothing that was given becomes markup', () => {
  const content = withFinding(contentOf(kernelImage('bad-map-dup').bytes(), HOSTILE), {
    code: HOSTILE,
    severity: 'damaged',
    message: HOSTILE,
    repair: HOSTILE,
    arena: 0,
    lba: 3,
  })
  const plan = {
    steps: [{ code: 'map-free', repair: 'reset-lane', message: HOSTILE }],
    withheld: [{ code: 'map-free', message: HOSTILE }],
    before: 'damaged',
    after: 'damaged',
  } as const
  const page = renderPage(
    buildPage({
      ...content,
      repair: { plan, isDryRun: false, undo: HOSTILE },
      storageFacts: [{ name: HOSTILE, value: HOSTILE }],
    }),
  )
  expect(page).not.toContain('<img')
  expect(page.match(/<script>/g)).toHaveLength(1)
  const harmless = renderPage(buildPage(contentOf(kernelImage('bad-map-dup').bytes())))
  for (const end of [/<\/title>/g, /<\/script>/g, /<\/style>/g])
    expect(page.match(end)?.length).toBe(harmless.match(end)?.length)
  expect(page.match(/&lt;script&gt;alert\(1\)/g)?.length).toBeGreaterThanOrEqual(10)
  // Inside of a shell's quotes, too.
  expect(page).toContain('&amp;amp;')
})

test('places that no image has lead nowhere', () => {
  const places = { arena: 7.5, lane: -1, lba: Number.NaN, block: Infinity, offset: -12 }
  const content = withFinding(contentOf(kernelImage('v11-4096').bytes()), {
    code: 'foreign',
    severity: 'info',
    message: 'from another checker',
    ...places,
  })
  const { groups } = buildPage(content)
  expect(groups[0]?.listed[0]?.places.filter(({ anchor }) => anchor !== undefined)).toEqual([])
})

test('thousands of findings make no megabyte', () => {
  const content = contentOf(ruinedPool())
  const page = renderPage(buildPage(content))
  expect(page.length).toBeLessThan(LARGEST)
  expect(page).toContain('are left out here')
})

test('neither do the longest of everything', () => {
  const content = contentOf(ruinedPool())
  const manyLbas = Array.from({ length: 1000 }, (_, lba) => lba)
  const findings = Array.from({ length: 4000 }, (_, i): Finding & { lbas: number[] } => ({
    code: `rule-${i % 900}-${'c'.repeat(500)}`,
    severity: 'damaged',
    message: '"'.repeat(10_000),
    repair: '<'.repeat(1000),
    arena: 0,
    lane: i % 256,
    lbas: manyLbas,
  }))
  expect(renderPage(buildPage({ ...content, findings })).length).toBeLessThan(LARGEST)
})

test('the policy names what is in the page, and nothing else', () => {
  const page = renderPage(buildPage(contentOf(kernelImage('v11-4096').bytes())))
  expect(page).toContain('default-src &#39;none&#39;')
  expect(page).not.toContain('unsafe-inline')
  expect(page).not.toMatch(/ (style|on[a-z]+)="/)
  expect(page).not.toMatch(/(src|href)="(?!#)/)
})
