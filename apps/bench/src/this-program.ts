import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The arguments with which Node runs another module of this program in a process of its own, compiled or not as this one is.
 *
 * @param module a file in this folder, without its extension
 */
export function moduleArguments(module: string, ...args: readonly string[]): string[] {
  const path = fileURLToPath(new URL(`${module}${extname(import.meta.url)}`, import.meta.url))
  return [...process.execArgv, path, ...args]
}
