import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** The path of a file that is not there yet, in a folder that is gone after the test. */
export function newPath(name = 'disk.img'): string {
  const folder = mkdtempSync(join(tmpdir(), 'bttkit-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, name)
}
