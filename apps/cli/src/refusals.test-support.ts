/**
 * What cannot work: one line names the file and the reason, the exit code is 1 (it failed) or 2 (it was called wrongly), and nothing is
 * changed.
 */
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import { btt, bttHere, fingerprint, scratch, type Outcome } from './program.test-support.ts'

export interface BadInput {
  readonly what: string
  /** Makes the file; absent: there is none. */
  readonly make?: (path: string) => void
  /** IMAGE stands for the path of the file, INPUT for that of one with `input`. */
  readonly args: string
  readonly input?: Uint8Array
  /** Whether the real program is started for it, too. */
  readonly isReal?: true
  readonly exitCode: 1 | 2
  /** What the line says after `btt: `; IMAGE and INPUT as above. */
  readonly says: RegExp
}

/** Makes a sound image with 4083 sectors of 4096 bytes. */
export function makeGood(path: string): void {
  kernelImage('v11-4096').writeTo(path)
}

/** What is wrong about how it was refused. */
async function complaints(row: BadInput, run: (args: string[]) => Promise<Outcome>): Promise<unknown[]> {
  const directory = scratch()
  const paths: Record<string, string> = {
    IMAGE: join(directory, 'disk.img'),
    INPUT: join(scratch(), 'input'),
  }
  const { IMAGE: path = '', INPUT: inputPath = '' } = paths
  row.make?.(path)
  if (row.input !== undefined) writeFileSync(inputPath, row.input)
  const look = (): string =>
    statSync(path, { throwIfNoEntry: false })?.isFile() === true ? fingerprint(path) : ''
  const before = look()
  const { exitCode, stdout, stderr } = await run(row.args.split(' ').map((arg) => paths[arg] ?? arg))
  const line = stderr.replaceAll(path, 'IMAGE').replaceAll(inputPath, 'INPUT')
  const wrong: unknown[] = []
  if (exitCode !== row.exitCode) wrong.push({ exitCode })
  // One line, and the dot does not match the end of another.
  if (!/^btt: .+\n$/.test(line) || !row.says.test(line.slice('btt: '.length, -1))) wrong.push({ line })
  if (stdout.length > 0) wrong.push({ stdout: stdout.toString() })
  if (look() !== before) wrong.push('the file was changed')
  const files = readdirSync(directory)
  if (files.join(' ') !== (row.make === undefined ? '' : 'disk.img')) wrong.push({ files })
  return wrong
}

/** Defines the tests of a table: each row within this process, and one of each way to fail as a process, which takes long to start. */
export function testRefusals(table: readonly BadInput[]): void {
  test.each(table)('$what', async (row) => {
    expect(await complaints(row, (args) => bttHere(...args))).toEqual([])
  })

  test.each(table.filter((row) => row.isReal))('$what, said by the real program', async (row) => {
    expect(await complaints(row, (args) => btt(args))).toEqual([])
  })
}
