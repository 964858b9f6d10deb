/** Bytes that can be read and never change. What they are may be decided only when they are read for the first time. */
export interface Content {
  /** Puts `length` bytes from `offset` on into `target`, from `start` on. All of them exist. */
  read(offset: number, target: Uint8Array, start: number, length: number): void
}

/** Bytes that somebody keeps in memory and does not change any more. */
export class PlainContent implements Content {
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  read(offset: number, target: Uint8Array, start: number, length: number): void {
    target.set(this.bytes.subarray(offset, offset + length), start)
  }
}
