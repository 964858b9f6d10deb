import { expect, test } from 'vitest'
import { runCommand } from './run-command.ts'

test('a command tells how it ended and what it said, in one line', async () => {
  const script = 'echo one >&2; echo two >&2; echo "$WORD, $LC_ALL" >&2; exit 3'
  const result = await runCommand('sh', ['-c', script], { env: { WORD: 'three' } })
  expect(result).toEqual({ status: 3, message: 'one; two; three, C' })
})

test('a command that takes too long is killed', async () => {
  expect(await runCommand('sleep', ['60'], { timeoutMs: 20 })).toEqual({ status: undefined, message: '' })
})

test('a command that does not exist is an error', async () => {
  await expect(runCommand('/nonexistent', [])).rejects.toMatchObject({ code: 'ENOENT' })
})
