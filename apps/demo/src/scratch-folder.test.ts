import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from './program.test-support.ts'
import { copySources, scratchParent } from './scratch-folder.ts'

test('memory is used where there is a folder with room in it', () => {
  const folder = makeFolder()
  expect(scratchParent(folder)).toBe(folder)
})

test.each(['/nowhere', '/proc', '/dev/null'])(
  'the temporary folder is used where memory is to be had at %s',
  (path) => {
    expect(scratchParent(path)).toBe(tmpdir())
  },
)

test('a tree is copied without what was installed or built, with its links as they are', async () => {
  const from = makeFolder()
  for (const folder of ['src', 'dist', 'src/node_modules', 'src/deep']) mkdirSync(join(from, folder))
  for (const file of ['src/a', 'dist/a', 'src/node_modules/a', 'src/deep/a'])
    writeFileSync(join(from, file), file)
  symlinkSync('nowhere', join(from, 'src/link'))
  const to = join(makeFolder(), 'copy')
  await copySources(from, to)
  const copied = new Set(readdirSync(to, { recursive: true, encoding: 'utf8' }))
  expect(copied).toEqual(new Set(['src', 'src/a', 'src/deep', 'src/deep/a', 'src/link']))
})
