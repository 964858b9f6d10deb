import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Checker, ProviderPlugin } from '@bttkit/interfaces'
import { checkCheckerContract, checkPluginContract } from '@bttkit/stack'
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

/** What a module may give to a stack. */
export interface LoadedPlugins {
  readonly plugins: readonly ProviderPlugin[]
  readonly checkers: readonly Checker[]
}

/** What of it counts. */
interface PluginExports {
  readonly providerPlugin?: unknown
  readonly checkers?: unknown
}

/** CommonJS that makes its exports at run time has them all in its default one. */
interface PluginModule extends PluginExports {
  readonly default?: PluginExports | null
}

function* checkersIn(exported: unknown): Generator<Checker> {
  if (exported === undefined) return
  if (!Array.isArray(exported)) throw new TypeError('its checkers are no list')
  for (const checker of exported as readonly unknown[]) {
    checkCheckerContract(checker)
    yield checker
  }
}

function* providersIn(exported: unknown): Generator<ProviderPlugin> {
  if (exported === undefined) return
  checkPluginContract(exported)
  yield exported
}

async function loadPlugin(module: string): Promise<LoadedPlugins> {
  let exported: PluginModule
  try {
    exported = await import(resolveModule(module))
  } catch (cause) {
    throw new CommandError(`the plugin ${module} cannot be loaded: ${reasonOf(cause)}`, { cause })
  }
  const providerPlugin = exported.providerPlugin ?? exported.default?.providerPlugin
  const checkers = exported.checkers ?? exported.default?.checkers
  if (providerPlugin === undefined && checkers === undefined)
    throw new CommandError(`the plugin ${module} exports no providerPlugin and no checkers`)
  try {
    return { plugins: [...providersIn(providerPlugin)], checkers: [...checkersIn(checkers)] }
  } catch (cause) {
    throw new CommandError(`the plugin ${module} cannot be used: ${reasonOf(cause)}`, { cause })
  }
}

/**
 * Loads what modules export for a stack: a way to open storage as `providerPlugin`, further rules for checks as `checkers`, a list, or both.
 *
 * @param modules paths of files and names of packages
 * @throws {CommandError} when one cannot be loaded, exports neither, or something that does not keep the contract
 */
export async function loadPlugins(modules: readonly string[]): Promise<LoadedPlugins> {
  const loaded = await Promise.all(modules.map(loadPlugin))
  return {
    plugins: loaded.flatMap(({ plugins }) => plugins),
    checkers: loaded.flatMap(({ checkers }) => checkers),
  }
}
