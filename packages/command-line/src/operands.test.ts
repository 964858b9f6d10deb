import { Command } from 'commander'
import { expect, test } from 'vitest'
import {
  UsageError,
  addCommonOptions,
  commonOptions,
  declareOperands,
  takeOperands,
  type CommonOptions,
} from './index.ts'

interface Taken {
  readonly operands: readonly string[]
  readonly options: CommonOptions
}

/** What a command with these operands gets. */
async function take(names: readonly string[], ...argv: string[]): Promise<Taken> {
  let taken: Taken | undefined
  const command = declareOperands(
    new Command('go'),
    Object.fromEntries(names.map((name) => [name, 'something'])),
  )
  command.action(() => {
    taken = { operands: takeOperands(command), options: commonOptions(command) }
  })
  await addCommonOptions(new Command('tool'), '1').addCommand(command).parseAsync(argv, { from: 'user' })
  if (taken === undefined) throw new Error('the command was not called')
  return taken
}

test.each([
  [['IMAGE'], ['a.img'], ['a.img']],
  [
    ['IMAGE', 'RAW'],
    ['a.img', 'a.raw'],
    ['a.img', 'a.raw'],
  ],
  [['IMAGE'], ['--provider', 'mem:'], ['mem:']],
  [
    ['IMAGE', 'RAW'],
    ['a.raw', '--provider', 'mem:'],
    ['mem:', 'a.raw'],
  ],
  [
    ['RAW', 'IMAGE'],
    ['--provider', 'mem:', 'a.raw'],
    ['a.raw', 'mem:'],
  ],
  [
    ['IMAGE', 'RAW'],
    ['a.img', '-'],
    ['a.img', '-'],
  ],
  [['MOUNTPOINT'], ['/mnt', '--provider', 'mem:'], ['/mnt']],
])('%j from %j are %j', async (names, argv, operands) => {
  expect((await take(names, 'go', ...argv)).operands).toEqual(operands)
})

test.each([
  [['IMAGE'], [], 'IMAGE is missing'],
  [['IMAGE', 'RAW'], [], 'IMAGE and RAW are missing'],
  [['IMAGE', 'RAW'], ['a.img'], 'RAW is missing'],
  [['IMAGE', 'RAW'], ['--provider', 'mem:'], 'RAW is missing'],
  [
    ['IMAGE'],
    ['a.img', '--provider', 'mem:'],
    'IMAGE and --provider both name the storage; give one of them',
  ],
])('%j from %j is a wrong call', async (names, argv, message) => {
  await expect(take(names, 'go', ...argv)).rejects.toThrow(new UsageError(message))
})

test('the common options have defaults', async () => {
  expect((await take(['IMAGE'], 'go', 'a.img')).options).toEqual({
    offset: undefined,
    namespace: undefined,
    provider: undefined,
    plugin: [],
    json: false,
    quiet: false,
    progress: true,
    verbose: false,
  })
})

const all = [
  '--offset',
  '4k',
  '--plugin',
  'a',
  '--plugin',
  'b',
  '--json',
  '--quiet',
  '--no-progress',
  '--verbose',
]

test.each([
  ['before', [...all, 'go', 'a.img']],
  ['behind', ['go', 'a.img', ...all]],
  ['around', [...all.slice(0, 4), 'go', ...all.slice(4), 'a.img']],
])('they are taken %s the command', async (_, argv) => {
  expect((await take(['IMAGE'], ...argv)).options).toEqual({
    offset: 4096,
    provider: undefined,
    plugin: ['a', 'b'],
    json: true,
    quiet: true,
    progress: false,
    verbose: true,
  })
})
