import * as v from 'valibot'
import { expect, test } from 'vitest'
import { PluginContractError, PROVIDER_CONTRACT } from '@bttkit/interfaces'
import { checkPluginContract } from './check-plugin.ts'

const sound = {
  name: 'toy',
  contract: PROVIDER_CONTRACT,
  schemes: ['toy', 'toy2+x.y-z'],
  parameters: { size: v.string() },
  open: async () => undefined,
}

/** What is said to a plugin that is sound but for this. */
function refusal(change: Record<string, unknown>): string {
  try {
    checkPluginContract({ ...sound, ...change })
  } catch (error) {
    expect(error).toBeInstanceOf(PluginContractError)
    return error instanceof Error ? error.message : ''
  }
  return expect.fail('it was accepted')
}

test.each([{}, { isLayer: true }, { join: async () => undefined }, { parameters: {} }])(
  'a sound plugin with %o is accepted',
  (change) => {
    expect(() => checkPluginContract({ ...sound, ...change })).not.toThrow()
  },
)

const [major, minor] = PROVIDER_CONTRACT.split('.').map(Number)

test('one of another minor version is accepted', () => {
  const contract = `${major}.${(minor ?? 0) + 7}`
  expect(() => checkPluginContract({ ...sound, contract })).not.toThrow()
})

test.each([`${(major ?? 0) + 1}.0`, `${major}0.${minor}`, '0.9'])(
  'one of the major version of %s is refused with both versions, and its name',
  (contract) => {
    const said = refusal({ contract })
    expect(said).toContain(`'toy' was made for version ${contract} of the provider contract`)
    expect(said).toContain(`this is version ${PROVIDER_CONTRACT}`)
  },
)

test('of another major version nothing else is demanded', () => {
  expect(refusal({ contract: '99.0', parameters: undefined })).toContain('was made for version 99.0')
})

test.each([
  ['contract', undefined],
  ['contract', '1'],
  ['contract', 1],
  ['schemes', undefined],
  ['schemes', []],
  ['schemes', 'toy'],
  ['schemes', ['Toy']],
  ['schemes', ['toy:']],
  ['schemes', [7]],
  ['parameters', undefined],
  ['parameters', { size: 'text' }],
  ['parameters', { size: { '~standard': {} } }],
  ['isLayer', 'yes'],
  ['open', undefined],
  ['join', {}],
])('one whose %s is %o is refused, and its name and that part are named', (part, value) => {
  const said = refusal({ [part]: value })
  expect(said).toMatch(/^the provider plugin 'toy' has no /)
  expect(said).toContain(`no '${part}' as`)
})

test('all that is missing is named', () => {
  expect(refusal({ name: '', open: undefined, schemes: undefined })).toMatch(
    /^a provider plugin has no 'name', 'schemes', 'open' as version /,
  )
})

test.each([undefined, null, 1, 'toy', () => sound])('%o is no plugin', (value) => {
  expect(() => checkPluginContract(value)).toThrow(PluginContractError)
})
