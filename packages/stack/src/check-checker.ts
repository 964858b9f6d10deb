/** Whether what calls itself a checker is one. */
import { PluginContractError, type Checker } from '@bttkit/interfaces'
import { isMethod, isObject, wrongParts, type PartTests } from './contract-parts.ts'

const PARTS: PartTests<Checker> = {
  name: (value) => typeof value === 'string' && value !== '',
  check: isMethod,
}

/** @throws {PluginContractError} for what is no checker, with what it lacks */
export function checkCheckerContract(value: unknown): asserts value is Checker {
  if (!isObject(value)) throw new PluginContractError({}, 'a checker is an object')
  const who = PARTS.name(value['name']) ? `the checker '${String(value['name'])}'` : 'a checker'
  const parts = wrongParts(value, PARTS).map((part) => `'${part}'`)
  if (parts.length > 0) throw new PluginContractError({}, `${who} has no ${parts.join(' and ')}`)
}
