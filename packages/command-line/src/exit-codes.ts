import type { Command } from 'commander'

/** What a program exits with when a command throws. Success is 0; a command with more to say sets `process.exitCode` itself. */
export interface ExitCodes {
  /** Default 1. */
  readonly failed: number
  /** The command was called wrongly. Default 2. */
  readonly usage: number
}

const DEFAULT: ExitCodes = { failed: 1, usage: 2 }
const chosen = new WeakMap<Command, ExitCodes>()

/** Gives a command other exit codes than the usual ones, as fsck-like commands have them. */
export function setExitCodes(command: Command, codes: Partial<ExitCodes>): void {
  chosen.set(command, { ...DEFAULT, ...codes })
}

/** The exit codes of a command, as `setExitCodes` left them. */
export function exitCodesOf(command: Command): ExitCodes {
  return chosen.get(command) ?? DEFAULT
}
