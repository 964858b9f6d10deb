import type { CallStage } from '@bttkit/interfaces'

const STAGES: Readonly<Record<CallStage, true>> = {
  info: true,
  map: true,
  data: true,
  metadata: true,
  flog: true,
  'flog half 0': true,
  'flog half 1': true,
  clear: true,
}

/** All that a call can be for. */
export const CALL_STAGES: readonly string[] = Object.keys(STAGES)

export function isCallStage(value: unknown): value is CallStage {
  return typeof value === 'string' && Object.hasOwn(STAGES, value)
}
