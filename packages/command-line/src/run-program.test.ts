import { Command } from 'commander'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ImageLockedError } from '@bttkit/interfaces'
import {
  CommandError,
  OutputClosedError,
  UsageError,
  addCommonOptions,
  runProgram,
  setExitCodes,
} from './index.ts'

let stdout = ''
let stderr = ''

beforeEach(() => {
  stdout = ''
  stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    stdout += String(chunk)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += String(chunk)
    return true
  })
})

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** A program `tool` with a command `go` that does this. */
function tool(action: () => void | Promise<void>): Command {
  const go = new Command('go').argument('[file]').option('--size <bytes>').action(action)
  return addCommonOptions(new Command('tool'), '1.2.3').addCommand(go)
}

async function run(program: Command, ...argv: string[]): Promise<typeof process.exitCode> {
  await runProgram(program, argv)
  return process.exitCode
}

const nothing = (): void => undefined

test('what works says nothing and leaves the exit code alone', async () => {
  expect(await run(tool(nothing), 'go')).toBeUndefined()
  expect(stdout + stderr).toBe('')
})

test('a command may set an exit code of its own', async () => {
  const program = tool(() => {
    process.exitCode = 4
  })
  expect(await run(program, 'go')).toBe(4)
})

test('a failure is one line, and 1', async () => {
  const program = tool(() => {
    throw new ImageLockedError({ image: 'a.img' }, 'in use')
  })
  expect(await run(program, 'go')).toBe(1)
  expect(stderr).toBe('tool: a.img: in use (EBUSY)\n')
})

test.each([
  ['before the command', ['--verbose', 'go']],
  ['behind it', ['go', '--verbose']],
])('--verbose %s adds the stack and the cause', async (_, argv) => {
  const program = tool(async () => {
    throw new CommandError('no luck', { cause: new Error('the reason') })
  })
  expect(await run(program, ...argv)).toBe(1)
  expect(stderr).toMatch(/^tool: no luck\nCommandError: no luck\n +at [^]*\[cause\]: Error: the reason\n/)
})

test.each([
  [['go', '--nonsense'], "tool: unknown option '--nonsense'; see tool go --help\n"],
  [['--nonsense', 'go'], "tool: unknown option '--nonsense'; see tool --help\n"],
  [['stop'], "tool: unknown command 'stop'; see tool --help\n"],
  [['go', '--size'], "tool: option '--size <bytes>' argument missing; see tool go --help\n"],
  [
    ['go', 'a', 'b'],
    "tool: too many arguments for 'go'. Expected 1 argument but got 2; see tool go --help\n",
  ],
  [['go', '--quite'], "tool: unknown option '--quite' (Did you mean --quiet?); see tool go --help\n"],
])('the wrong call %j is one line, and 2', async (argv, line) => {
  expect(await run(tool(nothing), ...argv)).toBe(2)
  expect(stderr).toBe(line)
  expect(stdout).toBe('')
})

test('so is one that the command finds out', async () => {
  const program = tool(() => {
    throw new UsageError('IMAGE is missing')
  })
  expect(await run(program, 'go', '--verbose')).toBe(2)
  expect(stderr).toBe('tool: IMAGE is missing; see tool go --help\n')
})

test('help and version are a success', async () => {
  expect(await run(tool(nothing), 'go', '--help')).toBeUndefined()
  expect(stdout).toMatch(/^Usage: tool go [^]*Global Options:[^]*--plugin/)
  stdout = ''
  expect(await run(tool(nothing), 'go', '--version')).toBeUndefined()
  expect(stdout).toBe('1.2.3\n')
  expect(stderr).toBe('')
})

test('the help for want of a command is none', async () => {
  expect(await run(tool(nothing))).toBe(2)
  expect(stderr).toMatch(/^Usage: tool/)
  expect(stdout).toBe('')
})

test('a command can have exit codes of its own', async () => {
  const program = tool(() => {
    throw new CommandError('no luck')
  })
  const [go] = program.commands
  if (go !== undefined) setExitCodes(go, { failed: 8, usage: 16 })
  expect(await run(program, 'go')).toBe(8)
  expect(await run(program, 'go', '--nonsense')).toBe(16)
  expect(await run(program, 'go', '--offset', 'nowhere')).toBe(16)
  expect(await run(program, 'stop')).toBe(2)
})

test('nobody reading is nothing to speak of', async () => {
  const program = tool(() => {
    throw new OutputClosedError('closed')
  })
  expect(await run(program, 'go')).toBeUndefined()
  expect(stderr).toBe('')
})

test('a program without commands is a command itself', async () => {
  const alone = addCommonOptions(new Command('alone'), '1').action(() => {
    throw new UsageError('nothing to do')
  })
  expect(await run(alone)).toBe(2)
  expect(stderr).toBe('alone: nothing to do; see alone --help\n')
})
