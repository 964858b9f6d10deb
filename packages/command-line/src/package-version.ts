import { readFileSync } from 'node:fs'

/**
 * The version in a package.json.
 *
 * @param packageJson its address, as `new URL('../package.json', import.meta.url)`
 */
export function packageVersion(packageJson: URL): string {
  const manifest: unknown = JSON.parse(readFileSync(packageJson, 'utf8'))
  const isObject = typeof manifest === 'object' && manifest !== null
  return isObject && 'version' in manifest ? String(manifest.version) : 'unknown'
}
