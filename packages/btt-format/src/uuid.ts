/** UUIDs as 16 bytes in the order they are printed, which is how info blocks and pool headers store them. */

export const UUID_BYTES = 16
export const NULL_UUID = '00000000-0000-0000-0000-000000000000'

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether `text` has the form 8-4-4-4-12 in hexadecimal digits. */
export function isUuid(text: string): boolean {
  return UUID_TEXT.test(text)
}

export function decodeUuid(bytes: Uint8Array, offset: number): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset + offset, UUID_BYTES).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Writes a UUID that `isUuid` accepts. */
export function encodeUuid(uuid: string, bytes: Uint8Array, offset: number): void {
  const hex = uuid.replaceAll('-', '')
  for (let i = 0; i < UUID_BYTES; i++) bytes[offset + i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
}
