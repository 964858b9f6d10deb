/**
 * Writes archives in the `newc` format of cpio, of which Linux unpacks its first file system (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * An archive is a list of entries and a last one that is named TRAILER!!!. An entry is a header of 110 ASCII characters (a magic number and 13 numbers of
 * eight hexadecimal digits), the name with a NUL, and the content; name and content are each padded to a multiple of four bytes, counted from the header.
 */

interface CpioFile {
  readonly kind: 'file'
  /** From the root, without a slash at its beginning. */
  readonly path: string
  readonly content: Uint8Array
  /** Default: a file that is read only. */
  readonly isExecutable?: boolean
}

interface CpioFolder {
  readonly kind: 'folder'
  readonly path: string
}

/** A character device. */
interface CpioDevice {
  readonly kind: 'device'
  readonly path: string
  readonly major: number
  readonly minor: number
}

export type CpioEntry = CpioFile | CpioFolder | CpioDevice

const MAGIC = '070701'
const TRAILER = 'TRAILER!!!'
const ALIGNMENT = 4

/** File types of `st_mode`. */
const S_IFREG = 0o100000
const S_IFDIR = 0o040000
const S_IFCHR = 0o020000

const NOTHING = new Uint8Array()

function modeOf(entry: CpioEntry): number {
  if (entry.kind === 'folder') return S_IFDIR | 0o755
  if (entry.kind === 'device') return S_IFCHR | 0o600
  return S_IFREG | (entry.isExecutable === true ? 0o755 : 0o444)
}

function padding(length: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT)
}

interface Header {
  readonly inode: number
  readonly mode: number
  readonly links: number
  readonly contentBytes: number
  readonly major: number
  readonly minor: number
}

/** The header with the name, and the content, both padded. */
function parts(name: string, header: Header, content: Uint8Array): Uint8Array[] {
  const nameBytes = Buffer.from(`${name}\0`)
  const { inode, mode, links, contentBytes, major, minor } = header
  // Owner and time are 0: the same entries give the same archive. The device that holds the file is 0 as well, and there is no checksum.
  const numbers = [inode, mode, 0, 0, links, 0, contentBytes, 0, 0, major, minor, nameBytes.length, 0]
  const digits = numbers.map((number) => number.toString(16).padStart(8, '0'))
  const head = Buffer.concat([Buffer.from(MAGIC + digits.join('')), nameBytes])
  return [head, padding(head.length), content, padding(content.length)]
}

/**
 * An archive of these entries, in their order: a folder has to come before what is in it.
 *
 * @throws {RangeError} for a path that is empty or begins with a slash
 */
export function cpioArchive(entries: Iterable<CpioEntry>): Buffer {
  const all: Uint8Array[] = []
  let inode = 0
  for (const entry of entries) {
    if (entry.path === '' || entry.path.startsWith('/'))
      throw new RangeError(`'${entry.path}' is no path from the root`)
    inode++
    const content = entry.kind === 'file' ? entry.content : NOTHING
    const { major, minor } = entry.kind === 'device' ? entry : { major: 0, minor: 0 }
    const links = entry.kind === 'folder' ? 2 : 1
    all.push(
      ...parts(
        entry.path,
        { inode, mode: modeOf(entry), links, contentBytes: content.length, major, minor },
        content,
      ),
    )
  }
  all.push(...parts(TRAILER, { inode: 0, mode: 0, links: 1, contentBytes: 0, major: 0, minor: 0 }, NOTHING))
  return Buffer.concat(all)
}
