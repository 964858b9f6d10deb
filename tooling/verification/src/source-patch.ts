import type { SourcePatch } from './mutants/mutant.ts'

/**
 * The text with the patch.
 *
 * @throws {Error} when the place is not there exactly once: the engine has changed, and the mutant must change with it
 */
export function patchSource(text: string, { file, find, replace }: SourcePatch): string {
  const [before, after, ...more] = text.split(find)
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file} has not exactly one place with this text, so it cannot be patched:\n${find}`)
  return before + replace + after
}
