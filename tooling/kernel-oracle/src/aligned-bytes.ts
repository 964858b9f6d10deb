/** What is used of it; the types of Node do not have it. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer }
}

const UNIT_BYTES = 65_536

/** Memory that begins at a page, as what goes past the page cache has to: that of WebAssembly does. */
export function alignedBytes(length: number): Uint8Array {
  const { buffer } = new WebAssembly.Memory({ initial: Math.ceil(length / UNIT_BYTES) })
  return new Uint8Array(buffer, 0, length)
}
