/** The pages of `btt check --html`, in a browser, from a file: as somebody opens them who was sent one. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import { noBrowser, openPage, startBrowser } from './browser.test-support.ts'
import { bttHere, bttJson, bttOk, scratch } from './program.test-support.ts'

/** Of the names in the bars and what is behind them, which axe does not look at. */
const LOWEST_CONTRAST = `
  const luminance = (colour) => {
    const [red, green, blue] = colour.match(/\\d+/g).map((part) => {
      const share = part / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  Math.min(...[...document.querySelectorAll('.bar text')].map((text) => {
    const both = [text, text.parentElement.querySelector('rect')].map((one) => luminance(getComputedStyle(one).fill))
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)
  }))`

let browser: Browser

beforeAll(async () => {
  if (noBrowser === undefined) browser = await startBrowser()
})
afterAll(async () => {
  if (noBrowser === undefined) await browser.close()
})
beforeEach((context) => {
  context.skip(noBrowser !== undefined, noBrowser)
})

interface Checked {
  readonly html: string
  readonly json: {
    readonly findings: readonly { readonly code: string }[]
    readonly counts: { readonly sectors: Readonly<Record<string, number>> }
  }
}

async function checked(image: string): Promise<Checked> {
  const html = `${image}.html`
  const { stdout } = await bttHere('check', image, '--json', '--html', html)
  const json: Checked['json'] = JSON.parse(stdout.toString())
  return { html, json }
}

function checkedImage(fixture: { writeTo(path: string): void }): Promise<Checked> {
  const path = join(scratch(), 'disk.img')
  fixture.writeTo(path)
  return checked(path)
}

async function checkedTwoArenas(): Promise<Checked> {
  const path = join(scratch(), 'two.img')
  await bttOk('create', path, '--size', '513GiB', '--quiet')
  return checked(path)
}

/** One with few lanes, of which everything is wrong that can be: its primary info block is lost, a lane has no flog, and the first entries of the map are wrong. */
async function checkedRuin(): Promise<Checked> {
  const path = join(scratch(), 'ruin.img')
  await bttOk('create', path, '--size', '17MiB', '--nfree', '4', '--quiet')
  const { arenas } = await bttJson<{ arenas: { offset: number; mapoff: number; logoff: number }[] }>(
    'info',
    path,
  )
  const [{ offset, mapoff, logoff } = { offset: 0, mapoff: 0, logoff: 0 }] = arenas
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4096), 0, 4096, offset)
  writeSync(file, Buffer.alloc(64), 0, 64, offset + logoff)
  const entries = Uint32Array.of(0xc0000007, 0xc0000007, 0x40000000, 0x80000003, 0xcfffffff, 0x5)
  writeSync(file, Buffer.from(entries.buffer), 0, entries.byteLength, offset + mapoff)
  closeSync(file)
  return checked(path)
}

/** The id of what has the focus. */
function focused(page: Page): Promise<string | undefined> {
  return page.evaluate('document.activeElement?.id')
}

test('it loads nothing, and the console has nothing to say', async () => {
  const { html } = await checkedImage(kernelImage('bad-map-dup'))
  const { complaints } = await openPage(browser, html)
  expect(complaints).toEqual([])
})

test('the map has the sectors that --json counts', async () => {
  const { html, json } = await checkedImage(kernelImage('crash-512'))
  const { page } = await openPage(browser, html)
  const tiles = await page
    .locator('[data-count]')
    .evaluateAll((all) =>
      all.map((one) => [one.dataset['count'], Number(one.textContent.replaceAll(',', ''))]),
    )
  const { unknown, ...sectors } = json.counts.sectors
  expect(unknown).toBe(0)
  expect(Object.fromEntries(tiles)).toEqual(sectors)
  // The texts of the cells, added up.
  const titles = await page.locator('.cells > *').evaluateAll((all) => all.map((one) => one.title))
  const written = titles.map((title) => Number(/([\d,]+) written/.exec(title)?.[1]?.replaceAll(',', '') ?? 0))
  expect(written.reduce((sum, count) => sum + count, 0)).toBe(sectors['normal'])
})

test('the parts of an arena are as wide as they are large, but for those that could not be seen', async () => {
  const { html } = await checkedTwoArenas()
  const { page } = await openPage(browser, html)
  const bars = await page.locator('svg.bar').evaluateAll((all) =>
    all.map((bar) =>
      [...bar.querySelectorAll('rect')].map((rect) => ({
        bytes: Number(rect.dataset['bytes']),
        isWidened: rect.dataset['widened'] === 'true',
        width: rect.getBoundingClientRect().width / bar.getBoundingClientRect().width,
      })),
    ),
  )
  expect(bars).toHaveLength(3)
  for (const parts of bars) {
    const toScale = parts.filter(({ isWidened }) => !isWidened)
    const widened = parts.filter(({ isWidened }) => isWidened)
    const bytes = toScale.reduce((sum, part) => sum + part.bytes, 0)
    const room = 1 - widened.length * 0.01
    for (const part of toScale) expect(part.width).toBeCloseTo((part.bytes / bytes) * room, 2)
    for (const { width } of widened) expect(width).toBeCloseTo(0.01, 3)
  }
})

test('a finding leads to its place, and the place back to the finding', async () => {
  const { html } = await checkedImage(kernelImage('bad-map-dup'))
  const { page } = await openPage(browser, html)
  await page.click('#finding-1 a:has-text("LBA 1")')
  await expect.poll(() => focused(page)).toBe('arena-0-cell-0')
  await page.keyboard.press('Enter')
  await expect.poll(() => focused(page)).toBe('finding-1')
})

test('a finding of a lane in order unfolds the table that it is in', async () => {
  const { html } = await checkedImage(poolImage('crash-4096'))
  const { page } = await openPage(browser, html)
  const id = await page
    .locator('.flog details tr:has(.marks), details .flog tr:has(.marks)')
    .first()
    .getAttribute('id')
  expect(await page.locator(`#${id}`).isVisible()).toBe(false)
  await page.locator(`.findings a[href="#${id}"]`).first().click()
  await expect.poll(() => focused(page)).toBe(id)
  expect(await page.locator(`#${id}`).isVisible()).toBe(true)
})

test('arrow keys go through the map, which is one stop on the way of the Tab key', async () => {
  const { html } = await checkedImage(kernelImage('v11-4096'))
  const { page } = await openPage(browser, html)
  const text = page.locator('.cell-text')
  await page.locator('.cells > *').first().focus()
  await page.keyboard.press('ArrowRight')
  expect(await focused(page)).toBe('arena-0-cell-1')
  expect(await text.textContent()).toMatch(/^LBA 8 – 15: /)
  await page.keyboard.press('ArrowDown')
  const below = await focused(page)
  const columns = await page.evaluate(
    `getComputedStyle(document.querySelector('.cells')).gridTemplateColumns.split(' ').length`,
  )
  expect(below).toBe(`arena-0-cell-${1 + Number(columns)}`)
  await page.keyboard.press('End')
  expect(await text.textContent()).toMatch(/LBA [\d,]+ – 4,082/)
  await page.keyboard.press('Home')
  expect(await focused(page)).toBe('arena-0-cell-0')
  await page.keyboard.press('Tab')
  expect(await page.evaluate(`document.activeElement.closest('.cells')`)).toBe(null)
})

test.each([
  ['a clean image', () => checkedImage(kernelImage('v11-4096'))],
  ['one that is ruined', checkedRuin],
  ['one of two arenas', checkedTwoArenas],
  ['a pool', () => checkedImage(poolImage('crash-4096'))],
])('%s does not scroll sideways, on a phone or on a desk', async (_, make) => {
  const { page } = await openPage(browser, (await make()).html)
  await page.evaluate(`document.querySelectorAll('details').forEach((box) => { box.open = true })`)
  for (const width of [375, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  }
})

test.each(['light', 'dark'] as const)('it is readable for all, %s', async (colorScheme) => {
  const { html } = await checkedRuin()
  const { page } = await openPage(browser, html, colorScheme)
  await page.evaluate(`document.querySelectorAll('details').forEach((box) => { box.open = true })`)
  // Contrast of text among the rules. By evaluate, because the policy of the page lets no other script in.
  const violations = await page.evaluate(`${axe.source}; axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html).join(' ')))`)
  expect(violations).toEqual([])
  expect(await page.evaluate(LOWEST_CONTRAST)).toBeGreaterThanOrEqual(4.5)
})
