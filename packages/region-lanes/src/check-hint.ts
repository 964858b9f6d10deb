import { LaneMisuseError } from '@bttkit/interfaces'

/** @throws {LaneMisuseError} for a hint that is no whole number from 0 */
export function checkHint(hint: number): void {
  if (!Number.isSafeInteger(hint) || hint < 0) {
    throw new LaneMisuseError({}, `a hint is a whole number from 0, not ${hint}`)
  }
}
