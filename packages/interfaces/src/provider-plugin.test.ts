import { expect, expectTypeOf, test } from 'vitest'
import {
  defineProviderPlugin,
  PROVIDER_CONTRACT,
  type ParameterSchemas,
  type ProviderPlugin,
} from './index.ts'

/** The schema of a whole number, as a library would have it. */
const wholeNumber = {
  '~standard': {
    version: 1,
    vendor: 'bttkit',
    validate: (value: unknown) => ({ value: Number(value) }),
  },
} as const satisfies ParameterSchemas[string]

const plugin = defineProviderPlugin({
  name: 'toy',
  schemes: ['toy'],
  parameters: { count: wholeNumber },
  open: async () => expect.fail('nothing is opened here'),
})

test('a plugin is made for this version of the contract, and is otherwise as it was given', () => {
  expect(plugin).toMatchObject({ contract: PROVIDER_CONTRACT, name: 'toy', schemes: ['toy'] })
  expect(plugin.parameters.count).toBe(wholeNumber)
})

test('a plugin with parameters of its own is one for a host that knows none of them', () => {
  expectTypeOf(plugin).toExtend<ProviderPlugin>()
})

test('the version of the contract is two numbers', () => {
  expect(PROVIDER_CONTRACT).toMatch(/^\d+\.\d+$/)
})
