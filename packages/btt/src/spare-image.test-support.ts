/** Memory for copies of an image that are needed one after another: to get and collect megabytes for each of hundreds of cases takes longer than the cases. */
export class SpareImage {
  private bytes = new Uint8Array()

  /** A copy, which is good until the next one is made. */
  copyOf(image: Uint8Array): Uint8Array {
    if (this.bytes.length !== image.length) this.bytes = new Uint8Array(image.length)
    this.bytes.set(image)
    return this.bytes
  }
}
