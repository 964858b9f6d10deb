/** What a guest is: a script that ends with a status, files both ways, and no process that is left behind. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, test } from 'vitest'
import { bootKernel } from './boot-kernel.ts'
import { Scratch } from './scratch.test-support.ts'
import { startGuest } from './start-guest.ts'
import { until } from './until.test-support.ts'

const whyNot = inject('whyNoKernel')
const kernel = inject('kernelPackage')

async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  // A zombie has ended: whoever inherited it has not asked for its status yet.
  return status !== '' && !/^State:\s+Z/m.test(status)
}

describe.skipIf(whyNot !== '')('a guest', () => {
  test('gets files, leaves files, and ends with the status of its script', async () => {
    let left = ''
    const report = await bootKernel(
      { kernel, files: { given: 'some text' }, script: 'cat given; uname -s >left; exit 7', limitMs: 60_000 },
      async (job) => {
        left = await readFile(join(job, 'left'), 'utf8')
      },
    )
    expect(report).toMatchObject({ status: 7, output: 'some text' })
    expect(left).toBe('Linux\n')
    expect(report.bootMs).toBeGreaterThan(0)
    expect(report.bootMs).toBeLessThan(report.totalMs)
  })

  test('whose script takes too long ends with a status that says so', async () => {
    const { status } = await bootKernel({ kernel, script: 'while :; do :; done', limitMs: 2000 })
    expect(status).toBe(137)
  })

  test('that breaks down is an error with what it said last', async () => {
    const script = 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger'
    await expect(bootKernel({ kernel, script, limitMs: 60_000 })).rejects.toThrow(/sysrq/i)
  })

  test('ends with who disposes of it', async () => {
    const guest = await startGuest({ kernel, script: 'while :; do :; done', limitMs: 60_000 })
    expect(await isRunning(guest.pid)).toBe(true)
    await guest[Symbol.asyncDispose]()
    expect(await isRunning(guest.pid)).toBe(false)
  })

  test('ends when its parent is killed', async () => {
    using scratch = new Scratch()
    const program = fileURLToPath(new URL('guest-parent.test-support.ts', import.meta.url))
    const parent = spawn(process.execPath, ['--conditions=@bttkit/source', program, kernel], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // It cannot put its folder away.
      env: { ...process.env, TMPDIR: scratch.folder },
    })
    const [said] = await once(parent.stdout, 'data')
    const pid = Number(String(said))
    expect(await isRunning(pid)).toBe(true)
    parent.kill('SIGKILL')
    await until('end of QEMU', async () => !(await isRunning(pid)), 20_000)
  })
})
