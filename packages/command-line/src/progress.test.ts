import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { withProgress, type ProgressSurroundings } from './index.ts'

class Terminal extends Writable {
  readonly isTTY: boolean
  readonly columns = 120
  text = ''

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

interface Setting {
  readonly isTTY?: boolean
  readonly outputIsTty?: boolean
  readonly quiet?: boolean
  readonly progress?: boolean
  readonly json?: boolean
  readonly totalBytes?: number
  readonly format?: (amount: number) => string
  /** When the updates come. */
  readonly atMs: readonly number[]
  readonly fails?: boolean
}

/** What a terminal gets of work that is a tenth further at each update. */
async function show(setting: Setting): Promise<string> {
  const { isTTY = true, outputIsTty = true, quiet = false, progress = true, json = false, atMs } = setting
  const stream = new Terminal(isTTY)
  let nowMs = 0
  const surroundings: ProgressSurroundings = { stream, outputIsTty, now: () => nowMs }
  const work = withProgress(
    { quiet, progress, json },
    { label: 'exporting', totalBytes: setting.totalBytes, format: setting.format },
    async (bar) => {
      for (const [index, ms] of atMs.entries()) {
        nowMs = ms
        bar.update((index + 1) * 10 * 2 ** 20)
      }
      if (setting.fails === true) throw new Error('the disk')
    },
    surroundings,
  )
  await work.catch(() => undefined)
  return stream.text
}

const long = { totalBytes: 100 * 2 ** 20, atMs: [500, 1000, 2000] }

test('a bar appears after a second, with what is done, the rate and the time left', async () => {
  const text = await show(long)
  expect(text).toMatch(/exporting \[=+-+\] 20% \| 20\.0 MiB of 100\.0 MiB \| 20\.0 MiB\/s \| 4s left/)
  expect(text).toMatch(/30% \| 30\.0 MiB of 100\.0 MiB \| 15\.0 MiB\/s \| 5s left/)
  expect(text).not.toMatch(/ [01]0?%/)
})

test.each([
  [120_000, '8m00s'],
  [3_600_000, '4h00m'],
])('the time left of slow work is rounded (%d ms)', async (ms, left) => {
  expect(await show({ totalBytes: 50 * 2 ** 20, atMs: [ms] })).toContain(`| ${left} left`)
})

// The last thing is to go to the beginning of the line and clear it.
const CLEARED = '\u001B[1G\u001B[2K'

test('it is gone when the work is over, or failed', async () => {
  expect((await show(long)).endsWith(CLEARED)).toBe(true)
  expect((await show({ ...long, fails: true })).endsWith(CLEARED)).toBe(true)
})

test('where the total is not known there is no bar, but the rate', async () => {
  expect(await show({ atMs: [500, 1000] })).toMatch(/exporting 20\.0 MiB \| 20\.0 MiB\/s \| \d+s/)
})

test('work that is not counted in bytes says what it counts', async () => {
  const format = (amount: number): string => `${amount / 2 ** 20} steps`
  expect(await show({ atMs: [500, 1000], format })).toMatch(/exporting 20 steps \| 20 steps\/s \| \d+s/)
})

test.each([
  ['short work', { ...long, atMs: [500, 999] }],
  ['no terminal', { ...long, isTTY: false }],
  ['--quiet', { ...long, quiet: true }],
  ['--no-progress', { ...long, progress: false }],
  ['--json into a pipe', { ...long, json: true, outputIsTty: false }],
])('nothing at all is shown for %s', async (_, setting) => {
  expect(await show(setting)).toBe('')
})

test('it is shown with --json on a terminal', async () => {
  expect(await show({ ...long, json: true })).toContain('exporting')
})

test('what the work gives is given on, and what it throws', async () => {
  const options = { quiet: true, progress: true, json: false }
  expect(await withProgress(options, { label: 'exporting' }, async () => 'over')).toBe('over')
  const failure = new Error('the disk')
  await expect(withProgress(options, { label: 'exporting' }, () => Promise.reject(failure))).rejects.toBe(
    failure,
  )
})

test('signals are not caught for it', async () => {
  const before = process.listenerCount('SIGINT')
  let during = 0
  const stream = new Terminal(true)
  let nowMs = 0
  await withProgress(
    { quiet: false, progress: true, json: false },
    { label: 'exporting' },
    async (bar) => {
      nowMs = 5000
      bar.update(1)
      during = process.listenerCount('SIGINT')
    },
    { stream, outputIsTty: true, now: () => nowMs },
  )
  expect(during).toBe(before)
})
