import { expect, test } from 'vitest'
import { textTable } from './text-table.ts'

test('words are flush left and numbers flush right', () => {
  const rows = [
    ['name', 'ns'],
    ['a', '12.5'],
    ['longer', '3.0'],
  ]
  expect(textTable(rows, 1)).toBe('name      ns\na       12.5\nlonger   3.0\n')
})

test('a line does not end in blanks', () => {
  expect(textTable([['a'], ['longer']], 1)).toBe('a\nlonger\n')
})
