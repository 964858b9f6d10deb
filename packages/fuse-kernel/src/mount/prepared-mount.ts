/** What both ways of mounting need. */
export interface PreparedMount {
  readonly mountPoint: string
  readonly fsName: string
  readonly subtype: string
  /** For the kernel, in its words. */
  readonly options: readonly string[]
}
