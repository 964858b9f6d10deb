import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProviderPlugin } from '@bttkit/interfaces'
import { CommandError } from './failures.ts'

function isPath(module: string): boolean {
  return /^\.{0,2}\//.test(module) || existsSync(module)
}

/** What to import: a file, a package as programs in the working directory see it, or one that is installed beside this one. */
function resolveModule(module: string): string {
  if (isPath(module)) return pathToFileURL(resolve(module)).href
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'from-here.js')).resolve(module)).href
  } catch {
    return module
  }
}

function isProviderPlugin(value: unknown): value is ProviderPlugin {
  if (typeof value !== 'object' || value === null) return false
  const { name, schemes, open } = value as Partial<ProviderPlugin>
  return (
    typeof name === 'string' &&
    Array.isArray(schemes) &&
    schemes.every((scheme) => typeof scheme === 'string') &&
    typeof open === 'function'
  )
}

/**
 * Loads the provider plugin that a module exports as `providerPlugin`.
 *
 * @param module the path of a file or the name of a package
 * @throws {CommandError} when it cannot be loaded, or exports none
 */
export async function loadProviderPlugin(module: string): Promise<ProviderPlugin> {
  let exported: { readonly providerPlugin?: unknown }
  try {
    exported = await import(resolveModule(module))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`the plugin ${module} cannot be loaded: ${reason}`, { cause })
  }
  if (isProviderPlugin(exported.providerPlugin)) return exported.providerPlugin
  const what =
    exported.providerPlugin === undefined
      ? 'exports no providerPlugin'
      : 'exports a providerPlugin without a name, schemes and open'
  throw new CommandError(`the plugin ${module} ${what}`)
}
