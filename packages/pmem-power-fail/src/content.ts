/** Bytes that can be read and never change. What they are may be decided only when they are read for the first time. */
export interface Content {
  /** Puts `length` bytes from `offset` on into `target`, from `start` on. All of them exist. */
  read(offset: number, target: Uint8Array, start: number, length: number): void
}

/** Takes ranges, so that no view of them has to be made. */
const copyBytes = Buffer.prototype.copy

/** Bytes that somebody keeps in memory and does not change any more. */
export class PlainContent implements Content {
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  read(offset: number, target: Uint8Array, start: number, length: number): void {
    copyBytes.call(this.bytes, target, start, offset, offset + length)
  }
}
