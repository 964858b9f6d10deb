/** `btt unmount` as a program of its own. */
import { addCommonOptions, runProgram } from '@bttkit/command-line'
import { unmountCommand } from './unmount-command.ts'

await runProgram(addCommonOptions(unmountCommand(), '0'), process.argv.slice(2))
