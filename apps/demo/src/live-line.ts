import type { DeviceCounters } from '@bttkit/interfaces'
import { formatSize } from '@bttkit/command-line'

const INTERVAL_MS = 500

/** What happened between two looks at the statistics, in one line. */
export function describeActivity(before: DeviceCounters, now: DeviceCounters, elapsedMs: number): string {
  const perSecond = (amount: number): number => (amount * 1000) / elapsedMs
  const operations = now.reads + now.writes + now.zeroes - (before.reads + before.writes + before.zeroes)
  const bytes = now.bytesRead + now.bytesWritten - (before.bytesRead + before.bytesWritten)
  const flushes = now.flushes - before.flushes
  return [
    `${Math.round(perSecond(operations))} operations/s`,
    `${(perSecond(bytes) / 2 ** 20).toFixed(1)} MiB/s`,
    `${now.lanesInUse} lanes in use`,
    `${Math.round(perSecond(flushes))} flushes/s`,
    `${formatSize(now.bytesWritten)} written`,
  ].join('   ')
}

/** Shows a line on the terminal that keeps up with a device; nothing where there is no terminal. Returns what ends it. */
export function showLiveLine(statistics: () => DeviceCounters): () => void {
  const { stderr } = process
  if (!stderr.isTTY) return () => {}
  let before = statistics()
  let beforeMs = performance.now()
  const timer = setInterval(() => {
    const now = statistics()
    const nowMs = performance.now()
    // A line that wraps could not be taken back.
    const line = describeActivity(before, now, nowMs - beforeMs).slice(0, stderr.columns - 1)
    stderr.write(`\r\u001B[K${line}`)
    before = now
    beforeMs = nowMs
  }, INTERVAL_MS)
  return () => {
    clearInterval(timer)
    stderr.write('\r\u001B[K')
  }
}
