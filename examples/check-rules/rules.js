// Rules of one's own for `btt check`: what an image has to be here, beside being in order.

const INFO_OFFSETS = [0, 4096, 8192]
const SIGNATURE = 'BTT_ARENA_INFO\0\0'
const EXTERNAL_LBASIZE_AT = 56

/** Reads a part of the storage, which may or may not wait. */
async function readBytes(provider, offset, length) {
  const bytes = new Uint8Array(length)
  await provider.read(offset, bytes)
  return bytes
}

/** Where the info block of arena 0 is: as the caller says, or at the first place that has one. */
async function findInfo(provider, namespaceOffset) {
  for (const offset of namespaceOffset === undefined ? INFO_OFFSETS : [namespaceOffset]) {
    const bytes = await readBytes(provider, offset, 4096)
    if (new TextDecoder('latin1').decode(bytes.subarray(0, 16)) === SIGNATURE) return { offset, bytes }
  }
  return undefined
}

/** Everybody here reads whole pages. @type {import('@bttkit/interfaces').Checker} */
const pageSectors = {
  name: 'page-sectors',
  async *check(provider, { namespaceOffset, signal } = {}) {
    const info = await findInfo(provider, namespaceOffset)
    signal?.throwIfAborted()
    if (info === undefined) return
    const sectorBytes = new DataView(info.bytes.buffer).getUint32(EXTERNAL_LBASIZE_AT, true)
    if (sectorBytes >= 4096) return
    yield {
      code: 'example-small-sectors',
      severity: 'damaged',
      arena: 0,
      offset: info.offset + EXTERNAL_LBASIZE_AT,
      message: `the sectors have ${sectorBytes} bytes, and here everybody reads whole pages`,
    }
  },
}

export const checkers = [pageSectors]
