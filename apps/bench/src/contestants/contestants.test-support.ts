/** A folder of memory, and the small work that tests have done there. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { makeSequence } from '../workload/sequence.ts'
import type { Workload } from '../workload/workload.ts'

export const SMALL_WORK: Workload = {
  operation: 'write',
  sectorBytes: 512,
  sectors: 256,
  unitSectors: 4,
  callSectors: 2,
  threads: 1,
  depth: 1,
}

export const SEQUENCE = makeSequence(3)

export function scratchFolder(): string {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'btt-bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
