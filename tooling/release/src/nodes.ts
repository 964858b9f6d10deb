import { existsSync, realpathSync } from 'node:fs'
import { delimiter, join, sep } from 'node:path'
import { runCommand } from './run-command.ts'

/** A Node that the packages have to run under. */
export interface NodeProgram {
  readonly path: string
  /** As `v20.19.0`. */
  readonly version: string
}

/** The first one on the path that nobody installed as a package. */
function ownNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = folders.map((folder) => join(folder, 'node')).filter((path) => existsSync(path))
  return candidates
    .map((path) => realpathSync(path))
    .find((path) => !path.includes(`${sep}node_modules${sep}`))
}

/** The machine's own Node, where it has one, and the one that the workspace has installed. */
export async function findNodes(workspace: string): Promise<NodeProgram[]> {
  const paths = [ownNode(), join(workspace, 'node_modules/node/bin/node')]
  const found: NodeProgram[] = []
  for (const path of new Set(paths)) {
    if (path === undefined) continue
    const { output } = await runCommand(path, ['--version'], { cwd: workspace })
    found.push({ path, version: output.trim() })
  }
  return found
}
