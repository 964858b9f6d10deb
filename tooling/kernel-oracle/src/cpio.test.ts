import { expect, test } from 'vitest'
import { cpioArchive } from './cpio.ts'

const HEADER_BYTES = 110

/** What an archive holds, read by the format's description: each header tells how long the name and the content are. */
function entriesOf(archive: Buffer): { name: string; mode: number; content: string; numbers: number[] }[] {
  const entries = []
  for (let at = 0; ;) {
    expect(at % 4).toBe(0)
    expect(archive.toString('latin1', at, at + 6)).toBe('070701')
    const field = (index: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16)
    const numbers = Array.from({ length: 13 }, (_, index) => field(index))
    const [contentBytes, nameBytes] = [field(6), field(11)]
    const nameAt = at + HEADER_BYTES
    const name = archive.toString('utf8', nameAt, nameAt + nameBytes - 1)
    expect(archive[nameAt + nameBytes - 1]).toBe(0)
    const contentAt = 4 * Math.ceil((nameAt + nameBytes) / 4)
    const content = archive.toString('utf8', contentAt, contentAt + contentBytes)
    if (name === 'TRAILER!!!') return entries
    entries.push({ name, mode: field(1), content, numbers })
    at = 4 * Math.ceil((contentAt + contentBytes) / 4)
  }
}

test('files, folders and devices come out as they went in, whatever their lengths', () => {
  const archive = cpioArchive([
    { kind: 'folder', path: 'bin' },
    { kind: 'file', path: 'bin/a', content: Buffer.from('12345'), isExecutable: true },
    { kind: 'file', path: 'bin/ab', content: Buffer.from('') },
    { kind: 'file', path: 'bin/abc', content: Buffer.from('1234') },
    { kind: 'device', path: 'console', major: 5, minor: 1 },
  ])
  expect(entriesOf(archive).map(({ name, mode, content }) => [name, mode.toString(8), content])).toEqual([
    ['bin', '40755', ''],
    ['bin/a', '100755', '12345'],
    ['bin/ab', '100444', ''],
    ['bin/abc', '100444', '1234'],
    ['console', '20600', ''],
  ])
})

test('a device has its numbers where the kernel looks for them', () => {
  const [entry] = entriesOf(cpioArchive([{ kind: 'device', path: 'console', major: 5, minor: 1 }]))
  expect(entry?.numbers.slice(9, 11)).toEqual([5, 1])
})

test('each entry has an inode of its own: two files with one would be links', () => {
  const files = ['a', 'b'].map((path) => ({ kind: 'file', path, content: Buffer.from(path) }) as const)
  const [a, b] = entriesOf(cpioArchive(files))
  expect(a?.numbers[0]).not.toBe(b?.numbers[0])
})

test.each(['', '/bin'])("the path '%s' is refused", (path) => {
  expect(() => cpioArchive([{ kind: 'folder', path }])).toThrow(RangeError)
})
