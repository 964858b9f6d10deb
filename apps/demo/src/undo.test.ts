import { expect, test, vi } from 'vitest'
import { Undo } from './undo.ts'

/** Steps that write down their names; those whose name begins with "bad" fail every time. */
function undoOf(...names: readonly string[]): { undo: Undo; log: string[] } {
  const undo = new Undo()
  const log: string[] = []
  for (const name of names) {
    undo.add(async () => {
      log.push(name)
      if (name.startsWith('bad')) throw new Error(name)
    })
  }
  return { undo, log }
}

test('what was made last is taken down first', async () => {
  const { undo, log } = undoOf('one', 'two', 'three')
  await undo.last(2)
  expect(log).toEqual(['three', 'two'])
  expect(await undo.all()).toBe(true)
  expect(log).toEqual(['three', 'two', 'one'])
})

test('what cannot be taken down is tried again at the end', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const { undo, log } = undoOf('one', 'bad')
  await expect(undo.last()).rejects.toThrow('bad')
  expect(await undo.all()).toBe(false)
  expect(log).toEqual(['bad', 'bad', 'one'])
  vi.restoreAllMocks()
})
