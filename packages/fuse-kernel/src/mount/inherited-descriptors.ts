import { readdirSync, readFileSync } from 'node:fs'

const O_CLOEXEC = 0o2000000
const FIRST_AFTER_STDERR = 3
/** Each descriptor up to the highest one costs the child an open /dev/null. */
const HIGHEST_COVERED = 1023

function isInheritable(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0
  } catch {
    // Closed since it was listed.
    return false
  }
}

/**
 * How many descriptors from 3 on a child would have to be given something else for, in order not to inherit what this
 * process inherited itself: a pipe that somebody reads to its end, or a file that a shell has locked. What Node opens is
 * not inherited anyway.
 */
export function countInheritableDescriptors(): number {
  const inheritable = readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => descriptor >= FIRST_AFTER_STDERR && descriptor <= HIGHEST_COVERED)
    .filter(isInheritable)
  return Math.max(FIRST_AFTER_STDERR - 1, ...inheritable) - FIRST_AFTER_STDERR + 1
}
