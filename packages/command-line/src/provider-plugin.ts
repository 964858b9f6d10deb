import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ProviderPlugin } from '@bttkit/interfaces'
import { checkPluginContract } from '@bttkit/stack'
import { CommandError } from './failures.ts'
import { resolvePackage } from './resolve-package.ts'

const OWN_FOLDER = dirname(fileURLToPath(import.meta.url))

const kindOf = (path: string): 'file' | 'folder' | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && (stat.isDirectory() ? 'folder' : 'file')
}

/** What to import: a file, a package as programs in the working directory see it, or one that is installed beside this one. @throws {Error} for none of them */
function resolveModule(module: string): string {
  if (module.startsWith('file:')) return module
  const path = resolve(module)
  const isPath = /^\.{0,2}\//.test(module)
  const kind = kindOf(path)
  if (kind === 'file') return pathToFileURL(path).href
  if (isPath)
    throw new Error(kind === undefined ? 'there is no such file' : 'it is a folder; name the file in it')
  const found = resolvePackage(module, process.cwd()) ?? resolvePackage(module, OWN_FOLDER)
  if (found === undefined) {
    throw new Error(`there is no such file, and no such package for ${process.cwd()} or beside this program`)
  }
  return found
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** CommonJS that makes its exports at run time has them all in its default one. */
interface PluginModule {
  readonly providerPlugin?: unknown
  readonly default?: { readonly providerPlugin?: unknown } | null
}

/**
 * Loads the provider plugin that a module exports as `providerPlugin`.
 *
 * @param module the path of a file or the name of a package
 * @throws {CommandError} when it cannot be loaded, exports none, or one that does not keep the contract
 */
export async function loadProviderPlugin(module: string): Promise<ProviderPlugin> {
  let exported: PluginModule
  try {
    exported = await import(resolveModule(module))
  } catch (cause) {
    throw new CommandError(`the plugin ${module} cannot be loaded: ${reasonOf(cause)}`, { cause })
  }
  const providerPlugin = exported.providerPlugin ?? exported.default?.providerPlugin
  if (providerPlugin === undefined) throw new CommandError(`the plugin ${module} exports no providerPlugin`)
  try {
    checkPluginContract(providerPlugin)
  } catch (cause) {
    throw new CommandError(`the plugin ${module} cannot be used: ${reasonOf(cause)}`, { cause })
  }
  return providerPlugin
}
