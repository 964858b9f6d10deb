import type { Command } from 'commander'
import { sizeArgument } from './argument-parsers.ts'

/** The options that every command takes. */
export interface CommonOptions {
  /** Byte of the storage at which the info block of arena 0 is; absent: probe. */
  readonly offset: number | undefined
  /** Names the storage instead of the IMAGE argument. */
  readonly provider: string | undefined
  /** Modules that give further providers. */
  readonly plugin: readonly string[]
  readonly json: boolean
  /** Nothing is said but results and errors. */
  readonly quiet: boolean
  /** False after `--no-progress`. */
  readonly progress: boolean
  /** Errors come with their stack and cause. */
  readonly verbose: boolean
}

/**
 * Gives a program the options that every command takes. They are accepted anywhere on the line, before and after the name of a
 * subcommand; a command reads them with `commonOptions`.
 *
 * @param version what `--version` prints
 */
export function addCommonOptions(program: Command, version: string): Command {
  return program
    .option('--offset <bytes>', 'where the info block of arena 0 is (default: probe)', sizeArgument)
    .option('--provider <url>', 'the storage, instead of IMAGE')
    .option(
      '--plugin <module>',
      'a module with a further provider, or rules for checks; may be repeated',
      addModule,
    )
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'print results and errors only')
    .option('--no-progress', 'show no progress bar')
    .option('--verbose', 'print the stack and the cause of an error')
    .version(version, '--version', 'print the version')
}

function addModule(module: string, before: readonly string[] = []): readonly string[] {
  return [...before, module]
}

/** The common options that a command was called with. */
export function commonOptions(command: Command): CommonOptions {
  const given = command.optsWithGlobals<Partial<CommonOptions>>()
  const {
    offset,
    provider,
    plugin = [],
    json = false,
    quiet = false,
    progress = true,
    verbose = false,
  } = given
  return { offset, provider, plugin, json, quiet, progress, verbose }
}
