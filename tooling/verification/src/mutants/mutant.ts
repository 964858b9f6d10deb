/** A bug that is put into the engine on purpose, to see whether a checker finds it. */
export interface Mutant {
  /** In small letters, with hyphens. */
  readonly name: string
  /** In one sentence. */
  readonly wrong: string
  /** The rule that it breaks: an invariant of `packages/btt/src/write-range.ts` by its number, or in words. */
  readonly rule: string
}

/** A change of one place of a source file of production. */
export interface SourcePatch {
  /** From the root of the repository. */
  readonly file: string
  /** Must be in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** A bug in the text of a module; it is made while the module is loaded. */
export interface PatchedMutant extends Mutant {
  readonly patch: SourcePatch
}
