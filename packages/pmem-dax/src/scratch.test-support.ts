import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, onTestFinished, vi, type Mock, type TestContext } from 'vitest'
import { DaxProvider, type DaxProviderOptions } from './index.ts'
import type { ProviderHost } from '@bttkit/interfaces'
import type { LibpmemCalls } from './libpmem.ts'
import type { OpenImage } from './open-image.ts'
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

/** A block device of this many bytes, and the path of the file under it. */
export function makeBlockDevice(context: TestContext, sizeBytes: number): { device: string; path: string } {
  const path = makeFile(sizeBytes)
  let device: string
  try {
    const args = ['--find', '--show', path]
    device = execFileSync('losetup', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  } catch (error) {
    return context.skip(`losetup does not work here: ${String(error)}`)
  }
  onTestFinished(() => {
    execFileSync('losetup', ['--detach', device])
  })
  return { device, path }
}

/** The same image, closed after the test. */
export function closeAfterTest(image: OpenImage): OpenImage {
  onTestFinished(() => closeSync(image.fd))
  return image
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

/** Sees the calls of libpmem in this test, and lets them through. */
export function watchLibpmem(): { readonly [Name in keyof LibpmemCalls]: Mock<LibpmemCalls[Name]> } {
  const calls = loadLibpmem()
  if (calls === undefined) throw new Error('the test should have been skipped')
  const watched = {
    persist: vi.spyOn(calls, 'persist'),
    flush: vi.spyOn(calls, 'flush'),
    drain: vi.spyOn(calls, 'drain'),
    copyPersist: vi.spyOn(calls, 'copyPersist'),
    copy: vi.spyOn(calls, 'copy'),
  }
  onTestFinished(() => {
    for (const call of Object.values(watched)) call.mockRestore()
  })
  return watched
}

/** For plugins that are no layers. */
export const withoutInner: ProviderHost = {
  openInner: () => Promise.reject(new Error('there is nothing under it')),
}

/** The bytes as a process of its own finds them in the file. */
export function readElsewhere(path: string, offset: number, length: number): number[] {
  const script = `process.stdout.write(require('fs').readFileSync(process.argv[1]).subarray(${offset}, ${offset + length}).toString('hex'))`
  return [...Buffer.from(execFileSync(process.execPath, ['-e', script, path], { encoding: 'utf8' }), 'hex')]
}
