import type { Command } from 'commander'
import { commonOptions } from './common-options.ts'
import { UsageError } from './failures.ts'

/** The name of the operand that `--provider` stands in for. */
const IMAGE = 'IMAGE'

/**
 * Declares the operands of a command, as `IMAGE`, or `IMAGE` and `RAW`. To commander all are optional, because `--provider` takes
 * the place of IMAGE wherever that stands; `takeOperands` knows which are missing.
 */
export function declareOperands(command: Command, operands: Readonly<Record<string, string>>): Command {
  for (const [name, description] of Object.entries(operands)) command.argument(`[${name}]`, description)
  return command.usage(`[options] ${Object.keys(operands).join(' ')}`)
}

/**
 * The operands that a command was called with, in the order of their declaration; that of IMAGE is what `--provider` says, if it was given.
 *
 * @throws {UsageError} when one is missing, or both IMAGE and `--provider` were given
 */
export function takeOperands(command: Command): string[] {
  const names = command.registeredArguments.map((argument) => argument.name())
  const given = [...command.args]
  const { provider } = commonOptions(command)
  const imageAt = names.indexOf(IMAGE)
  if (provider !== undefined && imageAt >= 0) {
    if (given.length === names.length)
      throw new UsageError('IMAGE and --provider both name the storage; give one of them')
    given.splice(imageAt, 0, provider)
  }
  const missing = names.slice(given.length)
  if (missing.length > 0)
    throw new UsageError(`${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`)
  return given
}
