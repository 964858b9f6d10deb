import type { Command } from 'commander'
import { createStack, type Stack } from '@bttkit/stack'
import { commonOptions } from './common-options.ts'
import { loadPlugins } from './load-plugins.ts'

/**
 * The stack that a command works with: what bttkit comes with, and the plugins that the command was called with.
 *
 * @throws {CommandError} for a plugin that cannot be loaded
 */
export async function openStack(command: Command): Promise<Stack> {
  return createStack(await loadPlugins(commonOptions(command).plugin))
}
