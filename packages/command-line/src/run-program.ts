import { inspect } from 'node:util'
import { CommanderError, type Command } from 'commander'
import { describeError, describeSystemError } from './describe-error.ts'
import { exitCodesOf } from './exit-codes.ts'
import { CommandError, UsageError } from './failures.ts'
import { OutputClosedError, guardStandardStreams } from './standard-output.ts'

/** The commands of a program, the program itself first. */
function commandsOf(program: Command): Command[] {
  return [program, ...program.commands.flatMap(commandsOf)]
}

/** The full name, as one types it: `btt info`. */
function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}

/** The command that the arguments are about, as far as it was made out. */
interface Current {
  command: Command
  /** The one that the arguments name, also where the program itself refuses one of them. */
  readonly named: Command
}

/** The command that is named first, the program itself where none is. */
function commandNamedIn(program: Command, argv: readonly string[]): Command {
  for (const argument of argv) {
    const named = program.commands.find((command) => command.name() === argument)
    if (named !== undefined) return named
  }
  return program
}

/** Commander reports by exceptions, and prints nothing but the help that it is asked for. */
function prepare(program: Command, current: Current): void {
  for (const command of commandsOf(program)) {
    command.exitOverride()
    command.configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (subcommand) => `${subcommand.name()} ${subcommand.usage().replace('[options] ', '')}`,
    })
    command.configureOutput({
      outputError: () => {
        current.command = command
      },
    })
  }
  program.hook('preAction', (_, actionCommand) => {
    current.command = actionCommand
  })
}

function isUsageError(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof CommanderError
}

function report(program: Command, current: Current, error: unknown): void {
  if (error instanceof OutputClosedError) return
  const { failed, usage } = exitCodesOf(current.command === program ? current.named : current.command)
  if (error instanceof CommanderError && error.code.startsWith('commander.help')) {
    // The help that was asked for is a success; the help for want of a command is not.
    if (error.exitCode !== 0) process.exitCode = usage
    return
  }
  if (error instanceof CommanderError && error.exitCode === 0) return
  const wrongCall = isUsageError(error)
  const reason = wrongCall ? describeUsage(error) : describeError(error)
  const hint = wrongCall ? `; see ${fullName(current.command)} --help` : ''
  process.stderr.write(`${program.name()}: ${reason}${hint}\n`)
  if (!wrongCall && program.opts<{ verbose?: boolean }>().verbose === true)
    process.stderr.write(`${inspect(error)}\n`)
  process.exitCode = wrongCall ? usage : failed
}

function describeUsage(error: Error): string {
  return error.message
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '')
}

/**
 * Runs a program to its end and sets `process.exitCode`: 0; 1 for a failure; 2 for a wrong call (a command may have other codes, see
 * `setExitCodes`). Failures are one line on standard error, which begins with the program's name; with `--verbose` the stack follows.
 * When nobody reads standard output any more, the program ends without a word.
 *
 * It never exits by force: output that is still on its way arrives.
 *
 * ```ts
 * await runProgram(program, process.argv.slice(2))
 * ```
 *
 * @param argv the arguments, without the names of Node and the program
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  const current: Current = { command: program, named: commandNamedIn(program, argv) }
  guardStandardStreams((error) => {
    report(
      program,
      current,
      new CommandError(`standard output: ${describeSystemError(error)}`, { cause: error }),
    )
  })
  prepare(program, current)
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    report(program, current, error)
  }
}
