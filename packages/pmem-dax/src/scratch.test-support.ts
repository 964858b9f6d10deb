import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, onTestFinished, vi, type Mock } from 'vitest'
import { DaxProvider, type DaxProviderOptions } from './index.ts'
import { loadLibpmem, loadNative, type NativeCalls } from './native.ts'

/** Skips every test of the file where files cannot be mapped. */
export function skipWithoutMappings(): void {
  beforeEach((context) => {
    if (loadNative() === undefined) context.skip('files can be mapped only on 64-bit Linux, with koffi')
  })
}

/** Skips every test of the file where libpmem is not installed. */
export function skipWithoutLibpmem(): void {
  beforeEach((context) => {
    if (loadLibpmem() === undefined) context.skip('libpmem.so.1 is not installed')
  })
}

/** Lets the page cache pass for persistent memory, or persistent memory for none, in this test. */
export function forcePmem(value: '0' | '1' = '1'): void {
  vi.stubEnv('PMEM_IS_PMEM_FORCE', value)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
}

/** The calls that the providers use: a spy on one of them sees those of the providers. */
export function nativeCalls(): NativeCalls {
  const calls = loadNative()
  if (calls === undefined) throw new Error('the test should have been skipped')
  return calls
}

/** A directory that is gone after the test. */
export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'bttkit-dax-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The path of a sparse file of this many bytes. */
export function makeFile(sizeBytes: number): string {
  const path = join(makeDirectory(), 'disk.img')
  writeFileSync(path, '')
  truncateSync(path, sizeBytes)
  return path
}

/** A provider over a file, new where its size is given, that is closed after the test. */
export function openDax(file: string | number, options: DaxProviderOptions = {}): DaxProvider {
  const provider = DaxProvider.open(typeof file === 'string' ? file : makeFile(file), options)
  onTestFinished(() => provider.close())
  return provider
}

/** Sees the calls of msync in this test, and lets them through. */
export function watchSync(): Mock<NativeCalls['sync']> {
  const sync = vi.spyOn(nativeCalls(), 'sync')
  onTestFinished(() => sync.mockRestore())
  return sync
}

/** The bytes as a process of its own finds them in the file. */
export function readElsewhere(path: string, offset: number, length: number): number[] {
  const script = `process.stdout.write(require('fs').readFileSync(process.argv[1]).subarray(${offset}, ${offset + length}).toString('hex'))`
  return [...Buffer.from(execFileSync(process.execPath, ['-e', script, path], { encoding: 'utf8' }), 'hex')]
}
