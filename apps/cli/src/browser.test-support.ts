/** Pages in headless Chromium, as Debian packages it. */
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

const CHROMIUM = '/usr/bin/chromium'

/** Why there is no browser here, if there is none. */
export const noBrowser = existsSync(CHROMIUM)
  ? undefined
  : `there is no ${CHROMIUM}: apt-get install chromium`

/** Without a sandbox, which root cannot have, and without what it would do in the background. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}

export interface OpenedPage {
  readonly page: Page
  /** What the console was told, and what was asked of any network. */
  readonly complaints: readonly string[]
}

/** Opens a file. It is closed after the test. */
export async function openPage(
  browser: Browser,
  path: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<OpenedPage> {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 },
    colorScheme,
    reducedMotion: 'reduce',
  })
  onTestFinished(() => page.close())
  const url = pathToFileURL(path).href
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (request.url() !== url) complaints.push(request.url())
  })
  await page.goto(url)
  return { page, complaints }
}
