import type { Wait } from '@bttkit/interfaces'

/**
 * Takes note that nobody will wait for this. What the storage does goes on, and its failure, should it come, has nobody
 * left to be told; unheard, it would end the process. A lock's wait is let alone: to listen could take a wake-up away from others.
 */
export function leaveWait(wait: Wait): void {
  if (wait.on === undefined || wait.on.object === 'provider') wait.then(undefined, () => {})
}
