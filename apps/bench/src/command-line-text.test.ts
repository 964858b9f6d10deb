import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commandLineText } from './command-line-text.ts'

test('a shell takes it apart into the same words', () => {
  const words = ['--only', 'DAX, libpmem', "it's", '$HOME', '', 'a\nb', 'plain-1.2']
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${commandLineText(words)}`], { encoding: 'utf8' })
  expect(printed.split('\0').slice(0, -1)).toEqual(words)
})

test('plain words stay as they are', () => {
  expect(commandLineText(['btt-bench', '--html', '/tmp/r.html'])).toBe('btt-bench --html /tmp/r.html')
})
