/** A process that checks the image in a file, and says what it found and how much memory it had at most. */
import { readFileSync } from 'node:fs'
import { FileProvider } from '@bttkit/pmem-file'
import { runAtomic } from '@bttkit/sleepable'
import { examineImage } from './index.ts'

/** What it prints, as JSON. */
export interface CheckedInProcess {
  readonly verdict: string
  readonly arenaCount: number
  readonly peakKib: number
}

const [path = ''] = process.argv.slice(2)
const provider = FileProvider.open(path, { blocking: true, readOnly: true })
const { verdict, arenas } = runAtomic(examineImage(provider))
const peakKib = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
const checked: CheckedInProcess = { verdict, arenaCount: arenas.length, peakKib }
console.log(JSON.stringify(checked))
