/** How an external LBA size is split into a sector and its metadata. */
export interface SectorShape {
  readonly sectorSize: number
  readonly metadataSize: number
}

/** The external LBA sizes that Linux offers. */
export const KERNEL_LBASIZES: readonly number[] = [512, 520, 528, 4096, 4104, 4160, 4224]

/** A size that Linux knows is a sector of 512 or 4096 bytes and metadata; any other (PMDK takes all) is a sector without metadata. */
export function sectorShape(externalLbasize: number): SectorShape {
  if (!KERNEL_LBASIZES.includes(externalLbasize)) return { sectorSize: externalLbasize, metadataSize: 0 }
  const sectorSize = externalLbasize >= 4096 ? 4096 : 512
  return { sectorSize, metadataSize: externalLbasize - sectorSize }
}
