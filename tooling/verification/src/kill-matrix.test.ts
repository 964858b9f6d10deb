/** Some mutants against the check that found them in the long run; `pnpm verify` runs them all. */
import { expect, test } from 'vitest'
import { CHECKS } from './checks/checks.ts'
import { documentedKillers } from './document.ts'
import { MUTANTS, killMutant, runJob } from './kill-matrix.ts'

const killers = documentedKillers()

test('the document has every mutant, and none that there is not', () => {
  expect([...killers.keys()]).toEqual(MUTANTS.map(({ name }) => name))
})

test('the document names checks that there are', () => {
  const names = new Set(CHECKS.map(({ name }) => name))
  expect([...killers.values()].filter((killer) => !names.has(killer))).toEqual([])
})

/** Of each check, the first that it has found: processes take time. */
const sample = MUTANTS.filter(
  ({ name }, index) => MUTANTS.findIndex((other) => killers.get(other.name) === killers.get(name)) === index,
)

test.each(sample)('$name is found by what the document says', async (mutant) => {
  const check = killers.get(mutant.name) ?? ''
  const { killer } = await killMutant(mutant, [check])
  expect(killer?.check).toBe(check)
})

test('a mutant that cannot be made is an error, and not one that lives', async () => {
  await expect(runJob({ mutant: 'halves-swapped', checks: [], hasSmallArenas: false })).resolves.toEqual([])
  const unknown = { name: 'there-is-none', wrong: '', rule: '' }
  await expect(killMutant(unknown, [])).rejects.toThrow('there is no mutant "there-is-none"')
})
