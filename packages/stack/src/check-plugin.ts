/** Whether what calls itself a plugin keeps the contract that this host speaks. */
import { PluginContractError, PROVIDER_CONTRACT, type ProviderPlugin } from '@bttkit/interfaces'
import { absentOr, isFlag, isMethod, isObject, wrongParts, type PartTests } from './contract-parts.ts'

const SCHEME = /^[a-z][a-z0-9+.-]*$/

/** Some libraries' schemas are functions. */
function isStandardSchema(value: unknown): boolean {
  if (!isObject(value) && typeof value !== 'function') return false
  const standard: unknown = Reflect.get(value, '~standard')
  return isObject(standard) && typeof standard['validate'] === 'function'
}

/** What each part of a plugin has to be. */
const PARTS: PartTests<ProviderPlugin> = {
  name: (value) => typeof value === 'string' && value !== '',
  contract: (value) => typeof value === 'string' && /^\d+\.\d+$/.test(value),
  schemes: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((scheme) => typeof scheme === 'string' && SCHEME.test(scheme)),
  parameters: (value) => isObject(value) && Object.values(value).every(isStandardSchema),
  isLayer: absentOr(isFlag),
  open: isMethod,
  join: absentOr(isMethod),
}

const majorOf = (version: string): string => version.split('.', 1).join('')

/**
 * @throws {PluginContractError} for what is no plugin, with what it lacks; for one that was made for another major version of the contract,
 * with both versions.
 */
export function checkPluginContract(value: unknown): asserts value is ProviderPlugin {
  if (!isObject(value)) throw new PluginContractError({}, 'a provider plugin is an object')
  const { name, contract } = value
  const who = PARTS.name(name) ? `the provider plugin '${String(name)}'` : 'a provider plugin'
  // First, because one for another version may lack what this one demands.
  if (
    typeof contract === 'string' &&
    PARTS.contract(contract) &&
    majorOf(contract) !== majorOf(PROVIDER_CONTRACT)
  ) {
    throw new PluginContractError(
      {},
      `${who} was made for version ${contract} of the provider contract, and this is version ${PROVIDER_CONTRACT}`,
    )
  }
  const wrong = wrongParts(value, PARTS)
  if (wrong.length === 0) return
  const parts = wrong.map((part) => `'${part}'`).join(', ')
  throw new PluginContractError(
    {},
    `${who} has no ${parts} as version ${PROVIDER_CONTRACT} of the provider contract wants it`,
  )
}
