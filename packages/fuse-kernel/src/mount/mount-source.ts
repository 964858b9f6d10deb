import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { findMount } from './mount-table.ts'

/** The name of a mount as mount(8) takes it literally: it would go and look for a disk called `LABEL=…`. */
export function sourceArgument(fsName: string): string {
  if (fsName === '') return 'fuse'
  return /^[A-Za-z]+=/.test(fsName) ? `./${fsName}` : fsName
}

/**
 * The name that a mount of this subtype was given (`fsName` of `mountFuse`); `undefined` where nothing is mounted on
 * `mountPoint`, or something else.
 */
export async function mountSource(mountPoint: string, subtype: string): Promise<string | undefined> {
  // As it stands first: following links would ask the mount itself, whose server may be dead.
  const path = resolve(mountPoint)
  const mount = (await findMount(path)) ?? (await findMount(await realpath(path).catch(() => path)))
  if (mount?.type !== `fuse.${subtype}`) return undefined
  return mount.source.replace(/^\.\/(?=[A-Za-z]+=)/, '')
}
