import type { NodeAttributes } from '../protocol/attributes.ts'
import type { FuseFile } from './fuse-file.ts'
import { STOP_NAME_PREFIX } from './stop-name.ts'

export interface FuseFileSystemOptions {
  readonly files: readonly FuseFile[]
  /** Whom the files and the directory belong to. Default: the user of this process. */
  readonly uid?: number
  readonly gid?: number
  /** Time of the last change before the mount, in milliseconds since 1970. Default: now. */
  readonly mtimeMs?: number
  /** Whether the page cache is left out: requests are exactly those of the program, and shared mmap(2) is refused. Default: false. */
  readonly directIo?: boolean
  /** Default: false. Mount with `readOnly` as well: then the kernel refuses before it asks. */
  readonly readOnly?: boolean
  /** State that all threads serving one mount have in common: `FuseFileSystem.sharedState(fileCount)`. Default: one's own. */
  readonly sharedState?: SharedArrayBuffer
}

export const ROOT_NODE_ID = 1
const FIRST_FILE_NODE_ID = 2

const S_IFDIR = 0o040000
const S_IFREG = 0o100000
const MAX_NAME_BYTES = 255
/** A double (mtime) and a word (deferred error) each, kept in two arrays one after another. */
const STATE_BYTES_PER_NODE = 8 + 4

/** One file with what the kernel knows about it. */
export interface FuseNode {
  readonly nodeId: number
  readonly name: Uint8Array
  readonly file: FuseFile
  readonly size: number
  readonly mode: number
  readonly readOnly: boolean
}

function checkFile(file: FuseFile, name: Uint8Array): void {
  if (name.length === 0 || name.length > MAX_NAME_BYTES || /^\.{1,2}$|[/\0]/.test(file.name)) {
    throw new TypeError(`'${file.name}' cannot be the name of a file`)
  }
  if (file.name.startsWith(STOP_NAME_PREFIX))
    throw new TypeError(`'${STOP_NAME_PREFIX}…' is needed to stop the mount`)
  if (!Number.isSafeInteger(file.size) || file.size < 0) {
    throw new TypeError(`${file.name}: ${file.size} is not a size in bytes`)
  }
}

function makeNode(file: FuseFile, nodeId: number, allReadOnly: boolean): FuseNode {
  const name = Buffer.from(file.name, 'utf8')
  checkFile(file, name)
  const readOnly = allReadOnly || file.readOnly === true || file.write === undefined
  const permissions = file.mode ?? (readOnly ? 0o400 : 0o600)
  return { nodeId, name, file, size: file.size, mode: S_IFREG | (permissions & 0o777), readOnly }
}

/**
 * A directory of files, and nothing else: no file comes, goes or changes its size. Plain data; the protocol is in
 * `FuseSession`.
 */
export class FuseFileSystem {
  readonly nodes: readonly FuseNode[]
  readonly directIo: boolean
  readonly readOnly: boolean
  readonly totalBytes: number
  private readonly uid: number
  private readonly gid: number
  /** Milliseconds since 1970, by inode. */
  private readonly mtimesMs: Float64Array
  /** Errno of a write that failed when nobody waited for it, or 0; by inode. */
  private readonly deferredErrors: Int32Array
  /** By name; a byte of the name is a UTF-16 unit of the key, so that names that are no UTF-8 are told apart as well. */
  private readonly byName = new Map<string, FuseNode>()

  /** @throws {TypeError} for a name or size that no file can have, and for two files of one name. */
  constructor(options: FuseFileSystemOptions) {
    this.readOnly = options.readOnly ?? false
    this.directIo = options.directIo ?? false
    this.uid = options.uid ?? process.geteuid?.() ?? 0
    this.gid = options.gid ?? process.getegid?.() ?? 0
    this.nodes = options.files.map((file, index) => makeNode(file, FIRST_FILE_NODE_ID + index, this.readOnly))
    for (const node of this.nodes) {
      const key = Buffer.from(node.name).toString('latin1')
      if (this.byName.has(key)) throw new TypeError(`two files are called '${node.file.name}'`)
      this.byName.set(key, node)
    }
    this.totalBytes = this.nodes.reduce((sum, node) => sum + node.size, 0)
    const inodes = this.nodes.length + FIRST_FILE_NODE_ID
    const state = options.sharedState ?? FuseFileSystem.sharedState(this.nodes.length)
    if (state.byteLength < inodes * STATE_BYTES_PER_NODE)
      throw new TypeError('the shared state is for fewer files')
    this.mtimesMs = new Float64Array(state, 0, inodes)
    this.deferredErrors = new Int32Array(state, this.mtimesMs.byteLength, inodes)
    const mtimeMs = options.mtimeMs ?? Date.now()
    // Another thread may have the state already in use; 0 is what nobody has set.
    for (let id = 0; id < inodes; id++) this.mtimesMs[id] ||= mtimeMs
  }

  /** State for a file system of this many files, to be given to each thread that serves it. */
  static sharedState(fileCount: number): SharedArrayBuffer {
    return new SharedArrayBuffer((fileCount + FIRST_FILE_NODE_ID) * STATE_BYTES_PER_NODE)
  }

  /** The file with this inode number. */
  nodeOf(nodeId: number): FuseNode | undefined {
    return this.nodes[nodeId - FIRST_FILE_NODE_ID]
  }

  /** The file with this name, one byte a UTF-16 unit. */
  nodeNamed(latin1Name: string): FuseNode | undefined {
    return this.byName.get(latin1Name)
  }

  get rootAttributes(): NodeAttributes {
    // Nobody may create anything here, so the mode does not promise it.
    const { uid, gid } = this
    const mtimeMs = this.mtimesMs[ROOT_NODE_ID] ?? 0
    return { nodeId: ROOT_NODE_ID, sizeBytes: 0, mode: S_IFDIR | 0o555, linkCount: 2, uid, gid, mtimeMs }
  }

  attributesOf(node: FuseNode): NodeAttributes {
    const { nodeId, mode, size } = node
    const { uid, gid } = this
    return { nodeId, sizeBytes: size, mode, linkCount: 1, uid, gid, mtimeMs: this.mtimesMs[nodeId] ?? 0 }
  }

  /** Sets when a file, or the root directory, was changed last. */
  setMtime(nodeId: number, mtimeMs: number): void {
    this.mtimesMs[nodeId] = mtimeMs
  }

  /** Keeps the error of a write that no program waited for, until one asks. */
  deferError(nodeId: number, errno: number): void {
    Atomics.store(this.deferredErrors, nodeId, errno)
  }

  /** The error that was kept, once; 0 for none. */
  takeDeferredError(nodeId: number): number {
    return Atomics.exchange(this.deferredErrors, nodeId, 0)
  }
}
