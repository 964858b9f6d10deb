#!/usr/bin/env node
/**
 * The whole journey without a person: create, mount, loop device, mkfs.ext4, copy a tree, unmount, attach again, compare, remove.
 *
 * Everything is made in a temporary folder and taken down again, last first, whatever fails and whoever interrupts.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import {
  CommandError,
  STOP_SIGNALS,
  addCommonOptions,
  packageVersion,
  runProgram,
} from '@bttkit/command-line'
import { ensureDemoImage } from './demo-image.ts'
import { Journey } from './journey.ts'
import { copyThroughLoop } from './loop-journey.ts'
import { copySources, scratchParent } from './scratch-folder.ts'

/** What is copied: this clone's own packages, without what was installed or built. */
const TREE = fileURLToPath(new URL('../../../packages', import.meta.url))

/** The demonstration where there are no loop devices: bytes on the disk itself. */
async function copyDirectly(journey: Journey): Promise<void> {
  await journey.undo.all()
  await journey.mount()
  const { disk } = journey
  await journey.run('dd', `if=${process.execPath}`, `of=${disk}`, 'bs=1M', 'count=16', 'conv=notrunc,fsync')
  await journey.undo.last()
  await journey.mount()
  await journey.run('cmp', '--bytes=16777216', process.execPath, disk)
  await journey.say('attached again: 16 MiB on the disk are equal')
  await journey.undo.last()
}

async function travel(journey: Journey): Promise<void> {
  await ensureDemoImage(journey.image)
  await journey.say(`made ${journey.image}, 64 MiB with sectors of 4096 bytes`)
  const tree = join(journey.folder, 'tree')
  await copySources(TREE, tree)
  if (!(await copyThroughLoop(journey, tree))) await copyDirectly(journey)
}

async function demo(): Promise<void> {
  const interruption = new AbortController()
  const interrupt = (): void => interruption.abort(new CommandError('interrupted'))
  for (const signal of STOP_SIGNALS) process.on(signal, interrupt)
  const folder = await mkdtemp(join(scratchParent(), 'bttkit-demo-'))
  const journey = new Journey(folder, interruption.signal)
  let isComplete = false
  try {
    await travel(journey)
  } finally {
    isComplete = await journey.undo.all()
    // What is still mounted in it must not be removed.
    if (isComplete) await rm(folder, { recursive: true, force: true })
    for (const signal of STOP_SIGNALS) process.off(signal, interrupt)
  }
  if (!isComplete) throw new CommandError(`${folder} could not be removed`)
  await journey.say('removed everything; all was equal')
}

const program = addCommonOptions(
  new Command('demo'),
  packageVersion(new URL('../package.json', import.meta.url)),
)
  .description('create, mount, make a file system, copy, attach again, compare, remove')
  .action(demo)
await runProgram(program, process.argv.slice(2))
