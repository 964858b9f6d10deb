/** Images that are none, or damaged, and what a new one would overwrite. */
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { kernelImage } from '@bttkit/fixtures'
import { decodeInfoBlock, encodeInfoBlock } from '@bttkit/btt-format'
import { makeGood, testRefusals } from './refusals.test-support.ts'

const MIB = 2 ** 20

/** Makes a file of zeros, with bytes put into it. */
function sparse(
  path: string,
  size: number,
  patches: readonly (readonly [offset: number, bytes: Uint8Array | string])[] = [],
): void {
  writeFileSync(path, '')
  truncateSync(path, size)
  if (patches.length === 0) return
  const content = readFileSync(path)
  for (const [offset, bytes] of patches) content.set(Buffer.from(bytes), offset)
  writeFileSync(path, content)
}

/** A sound image whose bytes were altered. */
function altered(path: string, alter: (image: Uint8Array) => void): void {
  const image = kernelImage('v11-4096').bytes()
  alter(image)
  writeFileSync(path, image)
}

/** Both info blocks of the image with another version number, and a checksum that is right. */
function withVersion(image: Uint8Array, major: number): void {
  const { info2off, ...info } = decodeInfoBlock(image.subarray(4096, 8192))
  const block = encodeInfoBlock({ ...info, info2off, major })
  for (const at of [4096, 4096 + info2off]) image.set(block, at)
}

const CREATE = 'create IMAGE --size 17MiB'

testRefusals([
  // What the image is
  {
    what: 'a missing file',
    isReal: true,
    args: 'info IMAGE',
    exitCode: 1,
    says: /^IMAGE: there is no such file \(ENOENT\)$/,
  },
  {
    what: 'a missing file to write to',
    args: 'write IMAGE --lba 0',
    exitCode: 1,
    says: /^IMAGE: .*\(ENOENT\)$/,
  },
  { what: 'a missing file without a size', args: 'create IMAGE', exitCode: 1, says: /^IMAGE: .*--size/ },
  {
    what: 'a directory',
    isReal: true,
    make: mkdirSync,
    args: 'info IMAGE',
    exitCode: 1,
    says: /^IMAGE: is a directory.*\(EISDIR\)$/,
  },
  {
    what: 'an empty file',
    make: (path) => sparse(path, 0),
    args: 'info IMAGE',
    exitCode: 1,
    says: /^IMAGE: 0 bytes are too few.*16 MiB/,
  },
  {
    what: 'a file shorter than an arena',
    make: (path) => sparse(path, 16 * MIB - 1),
    args: 'read IMAGE --lba 0',
    exitCode: 1,
    says: /^IMAGE: 16777215 bytes are too few/,
  },
  {
    what: 'zeros',
    make: (path) => sparse(path, 17 * MIB),
    args: 'map IMAGE',
    exitCode: 1,
    says: /^IMAGE: no BTT was found/,
  },
  {
    what: 'a wrong checksum',
    isReal: true,
    make: (path) =>
      altered(path, (image) => {
        image[4096 + 100] = 1
        image.fill(0, 17817600 + 4096)
      }),
    args: 'export IMAGE -',
    exitCode: 1,
    says: /^IMAGE: .*byte 4096.*checksum is wrong/,
  },
  {
    what: 'an unknown version',
    make: (path) => altered(path, (image) => withVersion(image, 3)),
    args: 'info IMAGE',
    exitCode: 1,
    says: /^IMAGE: .*version is 3\.1/,
  },
  // What a BTT would overwrite
  {
    what: 'a BTT where one shall be made',
    isReal: true,
    make: makeGood,
    args: CREATE,
    exitCode: 1,
    says: /^IMAGE: it holds a BTT.*use --force$/,
  },
  {
    what: 'ext4 where a BTT shall be made',
    make: (path) => sparse(path, 17 * MIB, [[1080, Uint8Array.of(0x53, 0xef)]]),
    args: CREATE,
    exitCode: 1,
    says: /^IMAGE: it holds .*ext4.*use --force$/,
  },
  {
    what: 'a GPT where a BTT shall be made',
    make: (path) =>
      sparse(path, 17 * MIB, [
        [510, Uint8Array.of(0x55, 0xaa)],
        [512, 'EFI PART'],
      ]),
    args: CREATE,
    exitCode: 1,
    says: /^IMAGE: it holds a GPT.*use --force$/,
  },
  {
    what: 'an MBR where a BTT shall be made',
    make: (path) => sparse(path, 17 * MIB, [[510, Uint8Array.of(0x55, 0xaa)]]),
    args: CREATE,
    exitCode: 1,
    says: /^IMAGE: it holds a partition table.*use --force$/,
  },
  {
    what: 'swap where a BTT shall be made',
    make: (path) => sparse(path, 17 * MIB, [[4086, 'SWAPSPACE2']]),
    args: CREATE,
    exitCode: 1,
    says: /^IMAGE: it holds swap space.*use --force$/,
  },
  {
    what: 'another size than the file has',
    make: (path) => sparse(path, 17 * MIB),
    args: 'create IMAGE --size 18MiB',
    exitCode: 1,
    says: /^IMAGE: exists already, with 17825792 bytes instead of 18874368/,
  },
  {
    what: 'too small a size',
    isReal: true,
    args: 'create IMAGE --size 1KiB',
    exitCode: 1,
    says: /^IMAGE: 1024 bytes are too small for a BTT from byte 4096 on; an arena takes at least .*16 MiB/,
  },
  {
    what: 'too many spare blocks',
    args: 'create IMAGE --size 17MiB --nfree 60000',
    exitCode: 1,
    says: /60000 spare blocks/,
  },
])
