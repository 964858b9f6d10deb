/** The programs in C that btt-bench brings along, compiled when they are first wanted: peers and the limits of the machine. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ToolError, runTool } from '../run-tool.ts'

const SOURCES = fileURLToPath(new URL('../../native/', import.meta.url))
const FLAGS = ['-std=gnu11', '-O2', '-pthread']

interface Recipe {
  readonly sources: readonly string[]
  /** Names for pkg-config. */
  readonly libraries: readonly string[]
}

const RECIPES = {
  pmemblk: { sources: ['workload.c', 'pmemblk.c'], libraries: ['libpmemblk'] },
  memory: { sources: ['workload.c', 'memory.c'], libraries: [] },
  persist: { sources: ['workload.c', 'persist.c'], libraries: ['libpmem'] },
  file: { sources: ['workload.c', 'file.c'], libraries: [] },
  'memory-file': { sources: ['memory-file.c'], libraries: ['fuse3'] },
} as const satisfies Record<string, Recipe>

export type NativeProgram = keyof typeof RECIPES

/** The path of a program, or why it is not to be had here. */
export type Found = { readonly path: string } | { readonly missing: string }

export class NativePrograms {
  private readonly folder: string
  private readonly compiler: string
  private readonly found = new Map<NativeProgram, Promise<Found>>()

  /** @param folder where the programs go; @param compiler a C compiler, by default the one that `cc` is */
  constructor(folder: string, compiler = 'cc') {
    this.folder = folder
    this.compiler = compiler
  }

  /** Compiles a program, the first time. */
  find(program: NativeProgram): Promise<Found> {
    let found = this.found.get(program)
    if (found === undefined) {
      found = this.compile(program)
      this.found.set(program, found)
    }
    return found
  }

  private async compile(program: NativeProgram): Promise<Found> {
    const { sources, libraries } = RECIPES[program]
    const path = join(this.folder, program)
    const files = sources.map((source) => join(SOURCES, source))
    try {
      const flags = await libraryFlags(libraries)
      await runTool(this.compiler, [...FLAGS, ...files, '-o', path, ...flags])
      return { path }
    } catch (error) {
      if (error instanceof ToolError) return { missing: error.message }
      throw error
    }
  }
}

async function libraryFlags(libraries: readonly string[]): Promise<readonly string[]> {
  if (libraries.length === 0) return []
  const flags = await runTool('pkg-config', ['--cflags', '--libs', ...libraries])
  return flags.split(/\s+/).filter((flag) => flag !== '')
}
