/** Where the bytes that were read from an image go. */
export interface ByteOutput {
  /** Takes the next bytes; they must not change until the promise is settled. */
  write(bytes: Uint8Array): Promise<void>
  /** Makes all of it durable, where there is something durable about it. */
  finish(): Promise<void>
  /** Gives up: what this output made is removed. */
  abandon(): Promise<void>
}
