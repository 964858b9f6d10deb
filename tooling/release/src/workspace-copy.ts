import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand, type CommandResult } from './run-command.ts'

/** The parts of a package.json that a release is about. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly packageManager?: string
  readonly license?: string
  readonly description?: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

export function readManifest(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return manifest
}

/** A copy of the checkout as it is now, what is not committed included, in which a release may do what it likes. */
export class WorkspaceCopy {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(checkout: string, folder: string): Promise<WorkspaceCopy> {
    const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
    const { stdout } = await runCommand('git', listing, { cwd: checkout })
    for (const path of stdout.toString().split('\0')) {
      const source = join(checkout, path)
      // What was removed and not committed is still listed.
      if (path !== '' && existsSync(source)) cpSync(source, join(folder, path), { verbatimSymlinks: true })
    }
    const copy = new WorkspaceCopy(folder)
    await copy.pnpm('install', '--frozen-lockfile', '--prefer-offline')
    return copy
  }

  /** The packages that a release publishes. */
  manifests(): Manifest[] {
    const folders = ['packages', 'apps'].flatMap((parent) =>
      readdirSync(join(this.folder, parent)).map((name) => join(this.folder, parent, name)),
    )
    return folders.map(readManifest).filter((manifest) => manifest.private !== true)
  }

  /** The pnpm that the clone asks for. */
  pnpm(...args: string[]): Promise<CommandResult> {
    const { packageManager = 'pnpm' } = readManifest(this.folder)
    return runCommand('npx', ['--yes', packageManager, ...args], { cwd: this.folder })
  }

  /** A program that the root of the workspace has installed. */
  tool(name: string): string {
    return join(this.folder, 'node_modules/.bin', name)
  }
}
