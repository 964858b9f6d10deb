import { join } from 'node:path'
import { cached } from './cache-folder.ts'
import { unpackPackages } from './debian-packages.ts'
import { runProgram } from './run-program.ts'

/** What runs in the guest, unpacked in the cache: paths of the host. */
export interface GuestPrograms {
  /** Static, so it runs on the host as well. */
  readonly busybox: string
  readonly ndctl: string
  /** GNU's: that of busybox does not align its buffers, so where it is to go past the page cache it silently does not. */
  readonly dd: string
  /** The program that loads shared libraries. */
  readonly loader: string
  /** All the libraries that ndctl needs; dd needs a part of them. */
  readonly libraries: readonly string[]
}

/** The programs, and every package that ndctl takes a library from. */
const PACKAGES = [
  'busybox-static',
  'coreutils',
  'ndctl',
  'libc6',
  'libcxl1',
  'libdaxctl1',
  'libiniparser1',
  'libjson-c5',
  'libkeyutils1',
  'libkmod2',
  'liblzma5',
  'libndctl6',
  'libssl3',
  'libtraceevent1',
  'libtracefs1',
  'libudev1',
  'libuuid1',
  'libzstd1',
]

const LIST_LIMIT_MS = 10_000

/**
 * The paths in what a loader prints for `--list`, without its own.
 *
 * @throws {Error} for a library that it did not find
 */
export function listedLibraries(listing: string): string[] {
  const missing = /^\s*(\S+) => not found$/m.exec(listing)
  if (missing !== null) throw new Error(`the guest's programs lack the library ${missing[1]}`)
  return [...listing.matchAll(/^\s*[^\s/]\S* => (\/\S+) \(0x[0-9a-f]+\)$/gm)].map(([, path = '']) => path)
}

/**
 * The guest's programs; fetched on the first use.
 *
 * @throws {Error} where they cannot be had
 */
export async function guestPrograms(): Promise<GuestPrograms> {
  const folder = await cached('guest-programs', (unfinished) => unpackPackages(PACKAGES, unfinished))
  const ndctl = join(folder, 'usr', 'bin', 'ndctl')
  const libraryFolders = ['lib', 'usr/lib'].map((path) => join(folder, path, 'x86_64-linux-gnu'))
  const loader = join(libraryFolders[0] ?? '', 'ld-linux-x86-64.so.2')
  const listing = await runProgram(
    loader,
    ['--inhibit-cache', '--library-path', libraryFolders.join(':'), '--list', ndctl],
    { limitMs: LIST_LIMIT_MS },
  )
  const [busybox, dd] = [join(folder, 'bin', 'busybox'), join(folder, 'bin', 'dd')]
  return { busybox, ndctl, dd, loader, libraries: listedLibraries(listing) }
}
