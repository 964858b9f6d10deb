/** What a command throws to end itself. Both print one line and no stack. */

/** The command was called wrongly: exit code 2, with a pointer to its help. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command could not do its work: exit code 1. The message names what failed (a file, an image) and why. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
