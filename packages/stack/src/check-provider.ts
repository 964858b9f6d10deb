/** Whether what a plugin opened is storage. Without this the engine would meet what is missing, and nobody would know whose fault it is. */
import {
  PluginContractError,
  PROVIDER_CONTRACT,
  type PmemProvider,
  type ProviderCapabilities,
} from '@bttkit/interfaces'
import { absentOr, isFlag, isMethod, isObject, isText, wrongParts, type PartTests } from './contract-parts.ts'

const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0

const CAPABILITIES: PartTests<ProviderCapabilities> = {
  atomicWriteBytes: isAmount,
  tearGranularityBytes: isAmount,
  sameLineOrdered: isFlag,
  damagesNeighbours: isFlag,
  mayWait: isFlag,
  flush: (value) => value === 'none' || value === 'immediate' || value === 'sleeps',
  persistBy: isText,
  durableOnWrite: isFlag,
  fencing: isFlag,
  maxWritesInFlight: isAmount,
  atomicAccessBytes: isAmount,
}

const PROVIDER: PartTests<PmemProvider> = {
  name: isText,
  size: (value) => Number.isSafeInteger(value) && isAmount(value),
  readOnly: isFlag,
  capabilities: isObject,
  read: isMethod,
  write: isMethod,
  flush: isMethod,
  close: isMethod,
  mapping: absentOr((value) => value instanceof Uint8Array),
  readInto: absentOr(isMethod),
  writeFrom: absentOr(isMethod),
  persist: absentOr(isMethod),
  persistMany: absentOr(isMethod),
  writeThrough: absentOr(isMethod),
  writeMany: absentOr(isMethod),
  zero: absentOr(isMethod),
  badBlocks: absentOr(isMethod),
  dataRanges: absentOr(isMethod),
  annotate: absentOr(isMethod),
  lock: absentOr(isMethod),
  share: absentOr(isMethod),
}

function wrongPartsOf(provider: Record<string, unknown>): string[] {
  const { capabilities } = provider
  const promises = isObject(capabilities) ? wrongParts(capabilities, CAPABILITIES) : []
  return wrongParts(provider, PROVIDER).concat(promises.map((part) => `capabilities.${part}`))
}

/** @param plugin the name of the plugin that opened it @throws {PluginContractError} for what is no storage, with what it lacks */
export function checkProvider(plugin: string, value: unknown): asserts value is PmemProvider {
  if (!isObject(value)) {
    throw new PluginContractError({}, `what the provider plugin '${plugin}' opened is no object`)
  }
  const wrong = wrongPartsOf(value)
  if (wrong.length === 0) return
  const parts = wrong.map((part) => `'${part}'`).join(', ')
  throw new PluginContractError(
    {},
    `what the provider plugin '${plugin}' opened has no ${parts} as version ${PROVIDER_CONTRACT} of the provider contract wants it`,
  )
}
