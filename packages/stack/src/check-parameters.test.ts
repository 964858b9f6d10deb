import * as v from 'valibot'
import { expect, test } from 'vitest'
import {
  defineProviderPlugin,
  PluginContractError,
  ProviderUrlError,
  type ParameterSchemas,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { checkParameters } from './check-parameters.ts'

function pluginWith(parameters: ParameterSchemas): ProviderPlugin {
  return defineProviderPlugin({
    name: 'toy',
    schemes: ['toy'],
    parameters,
    open: async () => expect.fail('nothing is opened here'),
  })
}

const check = (parameters: ParameterSchemas, given: Record<string, unknown>): Record<string, unknown> =>
  checkParameters(pluginWith(parameters), given, 'toy:x')

test('each parameter is what its schema makes of it', () => {
  const count = v.pipe(v.string(), v.toNumber())
  expect(check({ count, name: v.string() }, { count: '7', name: 'x' })).toEqual({ count: 7, name: 'x' })
})

test('one that is absent may have a default, and one that may be absent is undefined', () => {
  const values = check({ name: v.optional(v.string(), 'none'), size: v.optional(v.string()) }, {})
  expect(values).toEqual({ name: 'none', size: undefined })
})

test('a value need not be text', () => {
  expect(check({ count: v.number() }, { count: 7 })).toEqual({ count: 7 })
})

test('one that is inherited is not given', () => {
  expect(check({ toString: v.optional(v.string(), 'absent') }, {})).toEqual({ toString: 'absent' })
})

test.each([
  [{}, "the provider 'toy' has no parameter 'sise'; it has none"],
  [{ size: v.optional(v.string()) }, "no parameter 'sise'; there is size"],
  [
    { size: v.optional(v.string()), flush: v.optional(v.string()) },
    "no parameter 'sise'; there are size, flush",
  ],
])('an unknown one is refused, and the known are listed: %#', (parameters, says) => {
  expect(() => check(parameters, { sise: '1' })).toThrow(ProviderUrlError)
  expect(() => check(parameters, { sise: '1' })).toThrow(says)
  expect(() => check(parameters, { sise: '1' })).toThrow('toy:x: ')
})

test('what a schema refuses is named with its value and the reason', () => {
  const parameters = { flush: v.optional(v.picklist(['blocking', 'async'], 'blocking or async')) }
  expect(() => check(parameters, { flush: 'never' })).toThrow(ProviderUrlError)
  expect(() => check(parameters, { flush: 'never' })).toThrow(
    "toy:x: the parameter 'flush' cannot be 'never': blocking or async",
  )
  expect(() => check(parameters, { flush: 7 })).toThrow("'flush' cannot be 7: ")
})

test('all reasons are in one message', () => {
  const even = v.pipe(v.number(), v.multipleOf(2, 'not even'), v.maxValue(5, 'too large'))
  expect(() => check({ even }, { even: 7 })).toThrow('not even; too large')
})

test('one that is needed and absent is missing', () => {
  expect(() => check({ file: v.string('a path') }, {})).toThrow("the parameter 'file' is missing: a path")
})

const answering = (validate: () => unknown): ParameterSchemas =>
  ({ size: { '~standard': { version: 1, vendor: 'toy', validate } } }) as unknown as ParameterSchemas

test.each([
  ['comes', async () => ({ value: 1 })],
  ['fails', async () => Promise.reject(new Error('nobody waits for this'))],
  // oxlint-disable-next-line unicorn/no-thenable -- what is no Promise has to be found out, too
  ['comes by another kind of promise', () => ({ then: () => undefined })],
])('an answer that %s later is refused', (_, answer) => {
  const checking = (): unknown => check(answering(answer), { size: '1' })
  expect(checking).toThrow(PluginContractError)
  expect(checking).toThrow("toy:x: the schema of the parameter 'size' does not answer at once")
})

test.each([undefined, null, 'no', {}, { issues: 'many' }, { issues: [undefined] }])(
  'the answer %o is none',
  (answer) => {
    const checking = (): unknown =>
      check(
        answering(() => answer),
        { size: '1' },
      )
    expect(checking).toThrow(PluginContractError)
    expect(checking).toThrow("the schema of the parameter 'size' answers neither")
  },
)

test('a schema that fails is named', () => {
  const failing = answering(() => {
    throw new Error('no luck')
  })
  expect(() => check(failing, {})).toThrow(PluginContractError)
  expect(() => check(failing, {})).toThrow("the schema of the parameter 'size' failed: no luck")
})
