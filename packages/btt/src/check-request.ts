/** Checks of requests against the shape of a device, before anything is done for them. */
import { MisalignedRequestError, OutOfRangeError, type BlockGeometry } from '@bttkit/interfaces'

export interface DeviceShape extends Omit<BlockGeometry, 'readOnly'> {
  readonly image: string
}

function checkRange(
  shape: DeviceShape,
  start: number,
  count: number,
  limit: number,
  unit: 'LBA' | 'byte',
): void {
  const areNumbers = Number.isSafeInteger(start) && Number.isSafeInteger(count)
  if (areNumbers && start >= 0 && count >= 0 && start <= limit && count <= limit - start) return
  const units = unit === 'LBA' ? 'sectors' : 'bytes'
  throw new OutOfRangeError(
    { image: shape.image },
    `${count} ${units} from ${unit} ${start} on are not all on the device, which has ${limit} ${units}`,
  )
}

/** @throws {OutOfRangeError} */
export function checkLbaRange(shape: DeviceShape, lba: number, count: number): void {
  checkRange(shape, lba, count, shape.sectorCount, 'LBA')
}

/** @throws {OutOfRangeError} */
export function checkByteRange(shape: DeviceShape, offset: number, length: number): void {
  checkRange(shape, offset, length, shape.sectorCount * shape.sectorSize, 'byte')
}

/** @throws {MisalignedRequestError} for broken sectors or metadata that does not fit them; {OutOfRangeError} */
export function checkSectorRange(
  shape: DeviceShape,
  lba: number,
  bytes: Uint8Array,
  metadata: Uint8Array | undefined,
): void {
  const { image, sectorSize, metadataSize } = shape
  const count = bytes.length / sectorSize
  if (!Number.isInteger(count)) {
    throw new MisalignedRequestError(
      { image, lba },
      `${bytes.length} bytes are not a whole number of sectors of ${sectorSize}`,
    )
  }
  if (metadata !== undefined && metadata.length !== count * metadataSize) {
    throw new MisalignedRequestError(
      { image, lba },
      `${count} sectors have ${count * metadataSize} bytes of metadata, not ${metadata.length}`,
    )
  }
  checkLbaRange(shape, lba, count)
}
