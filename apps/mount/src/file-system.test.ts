import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MIB, Scene, run, whyNoFuse, whyNoLoopDevice } from './mounting.test-support.ts'

const reason = whyNoFuse() ?? whyNoLoopDevice()

const FILES = 4000

/** A tree of files of all sizes up to a few blocks, in folders, with links. */
function makeTree(root: string): void {
  for (let i = 0; i < FILES; i++) {
    const folder = join(root, `folder ${i % 40}`)
    if (i < 40) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `file ${i}`), Buffer.alloc((i * 37) % 9000, `${i} `))
    if (i % 100 === 0) symlinkSync(`file ${i}`, join(folder, `link ${i}`))
  }
}

describe.skipIf(reason !== undefined)(`ext4 on a loop device on the disk ${reason ?? ''}`, () => {
  let scene: Scene
  let undo: (() => void)[] = []
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(async () => {
    for (const step of undo.toReversed()) step()
    undo = []
    await scene.dispose()
  })

  function takeDown(): void {
    while (undo.length > 0) undo.pop()?.()
  }

  function attachLoop(): string {
    const device = run('losetup', '--find', '--show', '--direct-io=on', scene.disk).trim()
    undo.push(() => run('losetup', '--detach', device))
    return device
  }

  function mountExt4(device: string): string {
    const fileSystem = join(scene.folder, 'ext4')
    mkdirSync(fileSystem, { recursive: true })
    run('mount', '-t', 'ext4', device, fileSystem)
    undo.push(() => run('umount', fileSystem))
    return fileSystem
  }

  test.each([512, 4096])(
    'keeps a tree of thousands of files over an unmount, on sectors of %i bytes: fsck finds nothing, and all is equal',
    async (externalLbasize) => {
      const tree = join(scene.folder, 'tree')
      makeTree(tree)
      await scene.create(96 * MIB, { externalLbasize })

      let mount = await scene.mount()
      let device = attachLoop()
      run('mkfs.ext4', '-q', '-F', device)
      run('cp', '-a', `${tree}/.`, mountExt4(device))
      takeDown()
      await scene.unmount(mount)

      mount = await scene.mount()
      device = attachLoop()
      run('e2fsck', '-fn', device)
      const copy = mountExt4(device)
      run('diff', '--recursive', '--no-dereference', '--exclude=lost+found', tree, copy)
      expect(run('find', copy, '-type', 'f').trim().split('\n')).toHaveLength(FILES)
      run('fstrim', copy)
      takeDown()
      await scene.unmount(mount)
      expect(mount.said).not.toContain('error')
    },
    60_000,
  )
})
