/**
 * The options of `-o`, as mount(8) and fstab(5) write them: apart by commas, a backslash before a character that means
 * itself.
 */
import { MountError } from '@bttkit/interfaces'

export interface MountOptions {
  readonly readOnly: boolean
  /** Whether users other than the one who mounts may use it. */
  readonly allowOther: boolean
  /** Further options for the kernel, in the order given. */
  readonly extraOptions: readonly string[]
  /** Values of the options that are the program's own, by name. */
  readonly ownOptions: ReadonlyMap<string, string>
}

/** Options that the kernel, or mount(8) for it, understands. */
const PASSED_ON = new Set(
  (
    'suid nosuid dev nodev exec noexec sync async dirsync atime noatime diratime nodiratime relatime norelatime ' +
    'strictatime lazytime default_permissions'
  ).split(' '),
)

/** Options of fstab(5) for programs other than the kernel. */
const IGNORED = new Set('defaults auto noauto user nouser users owner group _netdev nofail'.split(' '))
const IGNORED_PREFIX = /^(?:x-|X-|comment=)/

/** Options that `mountFuse` gives itself; a second one would change what was agreed with the kernel. */
const OWN = new Set(['fd', 'rootmode', 'user_id', 'group_id', 'max_read', 'fsname', 'subtype', 'blksize'])

/** Cuts at commas that no backslash stands before, and takes the backslashes away. Empty parts are left out. */
function splitOptions(text: string): string[] {
  const parts = text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []
  return parts.map((part) => part.replace(/\\(.)/gs, '$1'))
}

/** Whether an option goes to the kernel. @throws {MountError} (EINVAL) for one that nobody knows, or that is ours. */
function isPassedOn(option: string): boolean {
  const name = option.split('=', 1)[0] ?? ''
  if (OWN.has(name))
    throw new MountError({}, `the mount option '${name}' is set by the mount itself`, 'EINVAL')
  if (PASSED_ON.has(option)) return true
  if (IGNORED.has(option) || IGNORED_PREFIX.test(option)) return false
  throw new MountError({}, `unknown mount option '${option}'`, 'EINVAL')
}

/** Those of `options` that go to the kernel. @throws {MountError} (EINVAL) for one that nobody knows, or that is ours. */
export function checkExtraOptions(options: readonly string[]): string[] {
  return options.filter(isPassedOn)
}

/**
 * Reads the argument of `-o`. Of `ro` and `rw` the last counts. Options of fstab(5) that are no business of the kernel are
 * left out.
 *
 * @param ownNames options that the program understands itself, written as `name=value`; of several the last counts
 * @throws {MountError} (EINVAL) for an option that nobody knows, or that the mount sets itself.
 */
export function parseMountOptions(text: string, ownNames: readonly string[] = []): MountOptions {
  let readOnly = false
  let allowOther = false
  const extraOptions: string[] = []
  const ownOptions = new Map<string, string>()
  for (const option of splitOptions(text)) {
    const [name = '', ...value] = option.split('=')
    if (value.length > 0 && ownNames.includes(name)) ownOptions.set(name, value.join('='))
    else if (option === 'ro' || option === 'rw') readOnly = option === 'ro'
    else if (option === 'allow_other') allowOther = true
    else if (isPassedOn(option)) extraOptions.push(option)
  }
  return { readOnly, allowOther, extraOptions, ownOptions }
}
