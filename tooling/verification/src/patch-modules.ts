/**
 * Patches modules of production while they are loaded. For `node --import`, in a process of its own: `node --import ./patch-modules.ts run-checks.ts JOB`.
 *
 * A patch that cannot be made ends the process, and so does one whose module was never loaded: a mutant that is no mutant would look as if nobody found it.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { SourcePatch } from './mutants/mutant.ts'
import { patchesOf, parseJob } from './job.ts'
import { patchSource } from './source-patch.ts'

const ROOT = new URL('../../../', import.meta.url)

const waiting = new Map<string, SourcePatch>()
for (const patch of patchesOf(parseJob(process.argv[2]))) {
  const { href } = new URL(patch.file, ROOT)
  if (waiting.has(href)) throw new Error(`${patch.file} would be patched twice`)
  waiting.set(href, patch)
}

if (waiting.size > 0) {
  registerHooks({
    load(url, context, nextLoad) {
      const patch = waiting.get(url)
      if (patch === undefined) return nextLoad(url, context)
      waiting.delete(url)
      const source = patchSource(readFileSync(fileURLToPath(url), 'utf8'), patch)
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}

process.on('exit', () => {
  for (const { file } of waiting.values()) {
    process.stderr.write(`${file} was never loaded, so it was not patched\n`)
    process.exitCode = 3
  }
})
