/** Serves an image as btt-mount does, for the process that measures it. */
import { addCommonOptions, packageVersion, runProgram } from '@bttkit/command-line'
import { mountCommand } from '@bttkit/mount'

const version = packageVersion(new URL('../package.json', import.meta.url))
await runProgram(addCommonOptions(mountCommand('btt-mount'), version), process.argv.slice(2))
