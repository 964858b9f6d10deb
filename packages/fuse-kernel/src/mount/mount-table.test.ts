import { expect, test } from 'vitest'
import { findMount, parseMountTable } from './mount-table.ts'

test('paths are read as the kernel escapes them', () => {
  const text = [
    '22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    String.raw`36 22 0:45 / /mnt/a\040b\134cü rw - fuse.x na\040me rw`,
    'nonsense',
    '',
  ].join('\n')
  expect(parseMountTable(text)).toEqual([
    { device: '0:20', escapedPath: '/', path: '/', type: 'ext4', source: '/dev/vda' },
    {
      device: '0:45',
      escapedPath: String.raw`/mnt/a\040b\134cü`,
      path: '/mnt/a b\\cü',
      type: 'fuse.x',
      source: 'na me',
    },
  ])
})

test('the root is mounted, and nothing is on a path that does not exist', async () => {
  expect(await findMount('/')).toBeDefined()
  expect(await findMount('/nonexistent/path')).toBeUndefined()
})
