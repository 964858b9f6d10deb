import { readFile } from 'node:fs/promises'

/** A mount of this process's name space. */
export interface MountEntry {
  /** As the kernel writes it: blank, tab, newline and backslash as `\ooo`. */
  readonly escapedPath: string
  readonly path: string
  /** Device number as `major:minor`: what tells one FUSE mount from another. */
  readonly device: string
  /** Such as `ext4`, or `fuse.SUBTYPE`. */
  readonly type: string
  /** The device, or the name that a FUSE mount was given. */
  readonly source: string
}

/** Escapes are octal numbers of characters that are ASCII; all else stands as it is. */
function unescape(escaped: string): string {
  return escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}

/**
 * Reads the format of /proc/self/mountinfo: identity, parent, device, root, mount point, options …, a hyphen, type, source,
 * options. Lines without these are left out.
 */
export function parseMountTable(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const words = line.split(' ')
    const [, , device, , escapedPath] = words
    const [type, source] = words.slice(words.indexOf('-') + 1)
    if (device === undefined || escapedPath === undefined || type === undefined || source === undefined)
      return []
    return [{ device, escapedPath, path: unescape(escapedPath), type, source: unescape(source) }]
  })
}

/** What is mounted at an absolute path without symbolic links; the topmost of several. Asks no file system. */
export async function findMount(path: string): Promise<MountEntry | undefined> {
  const table = parseMountTable(await readFile('/proc/self/mountinfo', 'utf8'))
  return table.findLast((entry) => entry.path === path)
}
