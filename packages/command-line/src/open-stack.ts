import type { Command } from 'commander'
import { createStack, type Stack } from '@bttkit/stack'
import { commonOptions } from './common-options.ts'
import { loadProviderPlugin } from './provider-plugin.ts'

/**
 * The stack that a command works with: what bttkit comes with, and the plugins that the command was called with.
 *
 * @throws {CommandError} for a plugin that cannot be loaded
 */
export async function openStack(command: Command): Promise<Stack> {
  return createStack({ plugins: await Promise.all(commonOptions(command).plugin.map(loadProviderPlugin)) })
}
