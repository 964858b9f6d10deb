import { Command } from 'commander'
import { addCommonOptions, packageVersion } from '@bttkit/command-line'
import { checkCommand } from './commands/check.ts'
import { createCommand } from './commands/create.ts'
import { exploreCommand } from './commands/explore.ts'
import { exportCommand } from './commands/export.ts'
import { flogCommand } from './commands/flog.ts'
import { importCommand } from './commands/import.ts'
import { infoCommand } from './commands/info.ts'
import { mapCommand } from './commands/map.ts'
import { readCommand } from './commands/read.ts'
import { salvageCommand } from './commands/salvage.ts'
import { stressCommand } from './commands/stress.ts'
import { writeCommand } from './commands/write.ts'
import { zeroCommand } from './commands/zero.ts'
import { mountCommand, unmountCommand } from '@bttkit/mount'

/** The commands of `btt`, in the order of its help. A command from another package is added here. */
const COMMANDS: readonly (() => Command)[] = [
  createCommand,
  infoCommand,
  checkCommand,
  salvageCommand,
  readCommand,
  writeCommand,
  zeroCommand,
  exportCommand,
  importCommand,
  mapCommand,
  flogCommand,
  stressCommand,
  exploreCommand,
  () => mountCommand(),
  unmountCommand,
]

const HELP = `
IMAGE is the path of a file or block device, or a URL: file:disk.img, mem:?size=64MiB, or a plugin's scheme.
Sizes and offsets are bytes, and accept units: 512, 4k, 64MiB, 1GB.

Exit codes: 0 done, 1 failed, 2 called wrongly; btt check has those of fsck.`

/** The program `btt`, for `runProgram` of `@bttkit/command-line` or for anything else that drives a commander program. */
export function buildProgram(): Command {
  const program = new Command('btt').description(
    'Makes, reads and writes disk images whose sectors cannot tear: the Block Translation Table',
  )
  addCommonOptions(program, packageVersion(new URL('../package.json', import.meta.url)))
  for (const command of COMMANDS) program.addCommand(command())
  return program.addHelpText('after', HELP)
}
