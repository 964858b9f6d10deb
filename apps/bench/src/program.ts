import { Command } from 'commander'
import { packageVersion } from '@bttkit/command-line'
import { lanesCommand } from './commands/lanes.ts'
import { runCommand } from './commands/run.ts'
import { threadsCommand } from './commands/threads.ts'

/** The benchmarks besides the suites, in the order of the help. Another one is added here. */
const COMMANDS: readonly (() => Command)[] = [lanesCommand, threadsCommand]

const HELP = `
Everything is measured in many short rounds, and what is compared is measured in turn within each round, so that a machine that others use too
disturbs all of it alike. Medians count. A ratio is the median of the ratios of the rounds.

Exit codes: 0 done, 1 failed, 2 called wrongly.`

/** The program `btt-bench`, for `runProgram` of `@bttkit/command-line` or for anything else that drives a commander program. */
export function buildProgram(): Command {
  const version = packageVersion(new URL('../package.json', import.meta.url))
  const program = new Command('btt-bench')
    .description('Measures bttkit on this machine')
    .option('--json', 'print the result as JSON')
    .option('--verbose', 'print the stack and the cause of an error')
    .version(version, '--version', 'print the version')
  program.addCommand(runCommand(), { isDefault: true })
  for (const command of COMMANDS) program.addCommand(command())
  return program.addHelpText('after', HELP)
}
