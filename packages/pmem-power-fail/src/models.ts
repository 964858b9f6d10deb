import { atomic4096 } from './atomic-4096.ts'
import { buffered } from './buffered.ts'
import type { ModelRules } from './in-flight.ts'
import { px86NonTemporal } from './px86-non-temporal.ts'
import { px86 } from './px86.ts'
import { strict } from './strict.ts'
import { torn512 } from './torn-512.ts'

/** All models, the most detailed first. */
export const POWER_FAIL_MODELS = Object.freeze([
  'px86',
  'px86-non-temporal',
  'torn-512',
  'atomic-4096',
  'buffered',
  'strict',
] as const)

/** What may become of writes that are not durable when the power fails. The rules of each stand at the top of the file of its name. */
export type PowerFailModel = (typeof POWER_FAIL_MODELS)[number]

const RULES: Readonly<Record<PowerFailModel, ModelRules>> = {
  px86,
  'px86-non-temporal': px86NonTemporal,
  'torn-512': torn512,
  'atomic-4096': atomic4096,
  buffered,
  strict,
}

/** @throws {TypeError} for a model that there is not. */
export function rulesOf(model: PowerFailModel): ModelRules {
  if (Object.hasOwn(RULES, model)) return RULES[model]
  throw new TypeError(`there is no model ${model}; the models are ${POWER_FAIL_MODELS.join(', ')}`)
}
