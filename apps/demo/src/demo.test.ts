import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  RunningProgram,
  hasMounts,
  makeFolder,
  programCommand,
  whyNoFuse,
  withDevices,
} from './program.test-support.ts'

function loopDevices(): string {
  return execFileSync('losetup', ['--all', '--list', '--output', 'BACK-FILE'], { encoding: 'utf8' })
}

function whyNoLoopDevice(): string | undefined {
  try {
    execFileSync('losetup', ['--find'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `no loop device: ${String(error)}`
  }
}

/** The folder that the demonstration said it works in. */
function folderOf({ output }: RunningProgram): string {
  const folder = /^made (.*)\/demo\.btt/m.exec(output)?.[1]
  if (folder === undefined) throw new Error(`it names no folder: ${output}`)
  return folder
}

function expectNothingLeft(demo: RunningProgram): void {
  const folder = folderOf(demo)
  expect(hasMounts(folder)).toBe(false)
  expect(loopDevices()).not.toContain(folder)
  expect(existsSync(folder)).toBe(false)
}

const reason = whyNoFuse() ?? whyNoLoopDevice()

describe.skipIf(reason !== undefined)(`demo ${reason ?? ''}`, () => {
  test('makes the whole journey, finds all equal, and leaves nothing', async () => {
    const demo = new RunningProgram(programCommand('demo'))
    expect(await demo.exited).toBe(0)
    expect(demo.errors).toBe('')
    const copied = Number(/copied (\d+) files/.exec(demo.output)?.[1])
    expect(copied).toBeGreaterThan(100)
    expect(demo.output).toContain(
      'e2fsck finds nothing, and the copy is equal\nremoved everything; all was equal\n',
    )
    expectNothingLeft(demo)
  })

  test.each([
    ['the image is made', 'made /'],
    ['the image is mounted', 'mounted at'],
    ['files are copied', 'made an ext4 file system'],
  ])('interrupted when %s leaves nothing', async (_, words) => {
    const demo = new RunningProgram(programCommand('demo'))
    await demo.says(words)
    demo.child.kill('SIGINT')
    expect(await demo.exited).toBe(1)
    expect(demo.errors).toBe('demo: interrupted\n')
    expectNothingLeft(demo)
  })

  test.each([
    ['losetup', ['mount', 'umount', 'dd', 'cmp']],
    ['mkfs.ext4', ['mount', 'umount', 'dd', 'cmp', 'losetup']],
  ])('without the program %s says what it skips, and compares the disk itself', async (missing, tools) => {
    const path = join(makeFolder(), 'bin')
    mkdirSync(path)
    for (const tool of tools)
      symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(path, tool))
    const demo = new RunningProgram(programCommand('demo'), { env: { PATH: path } })
    expect(await demo.exited).toBe(0)
    expect(demo.output).toMatch(new RegExp(`^skipped .*there is no ${missing}`, 'm'))
    expect(demo.output).toContain('16 MiB on the disk are equal\nremoved everything; all was equal\n')
    expectNothingLeft(demo)
  })

  test('without loop devices says what it skips, and compares the disk itself', async () => {
    const demo = new RunningProgram(withDevices(['fuse'], programCommand('demo')))
    expect(await demo.exited).toBe(0)
    expect(demo.output).toMatch(/^skipped .*losetup failed/m)
    expect(demo.output).toContain('16 MiB on the disk are equal\nremoved everything; all was equal\n')
    expectNothingLeft(demo)
  })

  test('where nothing can be mounted fails with one sentence, and leaves nothing', async () => {
    const demo = new RunningProgram(withDevices([], programCommand('demo')))
    expect(await demo.exited).toBe(1)
    expect(demo.errors).toMatch(/^demo: cannot open \/dev\/fuse[^\n]*\n$/)
    expectNothingLeft(demo)
  })
})
