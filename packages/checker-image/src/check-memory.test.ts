/** How much memory a check of a large image takes. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { FileProvider } from '@bttkit/pmem-file'
import { runAtomic } from '@bttkit/sleepable'
import type { CheckedInProcess } from './check-memory.test-support.ts'
import { engine } from './image.test-support.ts'

const PROGRAM = fileURLToPath(new URL('check-memory.test-support.ts', import.meta.url))
const MOST_KIB = 150 * 1024

test('a sparse terabyte of sectors of 4096 bytes takes less than 150 MiB, the process included', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bttkit-check-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'sparse.img')
  closeSync(openSync(path, 'w'))
  truncateSync(path, 2 ** 40)
  const provider = FileProvider.open(path, { blocking: true })
  const mayHaveHoles = provider.dataRanges !== undefined
  if (mayHaveHoles) runAtomic(engine.create(provider, { externalLbasize: 4096 }))
  void provider.close()
  if (!mayHaveHoles) return
  const args = ['--conditions=@bttkit/source', '--disable-warning=ExperimentalWarning', PROGRAM, path]
  const checked: CheckedInProcess = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  expect(checked).toMatchObject({ verdict: 'clean', arenaCount: 2 })
  expect(checked.peakKib).toBeLessThan(MOST_KIB)
})
