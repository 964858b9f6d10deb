/**
 * What is on storage that somebody is about to overwrite. Creation refuses whatever it cannot show to be blank.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { INFO_BLOCK_BYTES, POOL_BTT_OFFSET, decodePoolHeader, hasInfoSignature } from '@bttkit/btt-format'
import type { Storage } from './storage.ts'

/** The part from the start in which every kind of content that has a name here would show. */
const HEAD_BYTES = 128 * 1024

interface Signature {
  readonly name: string
  readonly offset: number
  readonly bytes: readonly number[]
}

const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0))

/** In the order in which they are believed: what has a boot sector inside comes before the boot sector. */
const SIGNATURES: readonly Signature[] = [
  { name: 'a GPT partition table', offset: 512, bytes: ascii('EFI PART') },
  { name: 'a GPT partition table', offset: 4096, bytes: ascii('EFI PART') },
  { name: 'an ext2, ext3 or ext4 file system', offset: 1080, bytes: [0x53, 0xef] },
  { name: 'an XFS file system', offset: 0, bytes: ascii('XFSB') },
  { name: 'a Btrfs file system', offset: 65_600, bytes: ascii('_BHRfS_M') },
  { name: 'a LUKS volume', offset: 0, bytes: ascii('LUKS') },
  { name: 'an LVM physical volume', offset: 512, bytes: ascii('LABELONE') },
  { name: 'swap space', offset: 4086, bytes: ascii('SWAPSPACE2') },
  { name: 'a SquashFS file system', offset: 0, bytes: ascii('hsqs') },
  { name: 'an ISO 9660 file system', offset: 32_769, bytes: ascii('CD001') },
  { name: 'a qcow2 disk image', offset: 0, bytes: [0x51, 0x46, 0x49, 0xfb] },
  { name: 'an NTFS file system', offset: 3, bytes: ascii('NTFS') },
  { name: 'a partition table or boot sector', offset: 510, bytes: [0x55, 0xaa] },
]

function nameOf(head: Uint8Array): string | undefined {
  if (decodePoolHeader(head) !== undefined) return 'a libpmemblk pool'
  for (const offset of [0, 4096, POOL_BTT_OFFSET]) {
    if (hasInfoSignature(head.subarray(offset, offset + INFO_BLOCK_BYTES))) return 'a BTT'
  }
  return SIGNATURES.find(({ offset, bytes }) => bytes.every((byte, i) => head[offset + i] === byte))?.name
}

/** Names what the storage holds, or `undefined` when all that is looked at (the head, where the BTT shall begin, and the last page before `end`) is zero. */
export function* findExistingContent(
  storage: Storage,
  namespaceOffset: number,
  end: number,
): Sleepable<string | undefined> {
  const head = new Uint8Array(Math.min(HEAD_BYTES, storage.size))
  let wait = storage.read(0, head, 0, head.length, 'info')
  if (wait !== undefined) yield wait
  const name = nameOf(head)
  if (name !== undefined) return name
  const page = new Uint8Array(INFO_BLOCK_BYTES)
  let hasData = head.some((byte) => byte !== 0)
  for (const offset of [namespaceOffset, end - INFO_BLOCK_BYTES]) {
    wait = storage.read(offset, page, 0, page.length, 'info')
    if (wait !== undefined) yield wait
    if (hasInfoSignature(page)) return 'an info block of a BTT'
    hasData ||= page.some((byte) => byte !== 0)
  }
  return hasData ? 'data' : undefined
}
