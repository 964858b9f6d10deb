import type { DeviceOperation } from './explored-operations.ts'
import { OPERATION_PAIRS } from './lane-scenarios.ts'

/** Two tasks, each with one operation of a pair. */
export function pairOf(name: string): DeviceOperation[][] {
  const operations = OPERATION_PAIRS[name]
  if (operations === undefined) throw new RangeError(`there is no pair "${name}"`)
  return operations.map((operation) => [operation])
}
