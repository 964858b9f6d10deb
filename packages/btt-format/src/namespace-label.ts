/** One label of a label area. UEFI, "NVDIMM Label Protocol", Label Definitions. Everything is little-endian; nothing in it is believed here. */
import { fletcher64 } from './fletcher64.ts'
import { UUID_BYTES, decodeGuid, decodeUuid } from './uuid.ts'

/** Bytes of the fields, and what is between them is reserved. Labels of version 1.1 end before `typeGuid`. */
const LABEL = {
  /** 16 bytes: of the namespace; all its labels have it. */
  uuid: 0,
  /** 64 bytes: UTF-8, filled up with NULs. */
  name: 16,
  /** u32: see `FLAG`. */
  flags: 80,
  /** u16: how many labels the namespace has, one on each NVDIMM. */
  labelCount: 84,
  /** u16: of this NVDIMM among them, from 0 on. */
  position: 86,
  /** u64: what all NVDIMMs of the interleave set have in common. */
  setCookie: 88,
  /** u64: bytes of a block; what it means depends on who wrote it. */
  lbaSize: 96,
  /** u64, bytes: where the range begins, from the start of the NVDIMM. */
  dpa: 104,
  /** u64, bytes: of the range. */
  rawSize: 112,
  /** u32: the number of this label's place. */
  slot: 120,
  /** 16 bytes, a GUID: what kind of memory. */
  typeGuid: 128,
  /** 16 bytes, a GUID: what is in the namespace. */
  abstractionGuid: 144,
  /** u64: Fletcher-64 of the label. */
  checksum: 248,
} as const

const FLAG = { readOnly: 1, local: 2, updating: 8 } as const

const NAME_BYTES = 64
const CHECKED_LABEL_BYTES = 256

const TYPES: Readonly<Record<string, LabelType>> = {
  '66f0d379-b4f3-4074-ac43-0d3318b78cdb': 'pmem',
  '91af0530-5d86-470e-a6b0-0a2db9408249': 'block window',
}

const ABSTRACTIONS: Readonly<Record<string, LabelAbstraction>> = {
  '00000000-0000-0000-0000-000000000000': 'none',
  '8aed63a2-29a2-4c66-8b12-f05d15d3922a': 'btt 1.1',
  '18633bfc-1735-4217-8ac9-17239282d3f8': 'btt 2.0',
  '266400ba-fb9f-4677-bcb0-968f11d0d225': 'pfn',
  '97a86d9c-3cdd-4eda-986f-5068b4f80088': 'dax',
}

/** Memory that is addressed, or a window through which blocks are moved. */
export type LabelType = 'pmem' | 'block window' | 'unknown'

/** What a label says that its namespace holds. */
export type LabelAbstraction = 'none' | 'btt 1.1' | 'btt 2.0' | 'pfn' | 'dax' | 'unknown'

/** A label, as it is stored. */
export interface NamespaceLabel {
  /** Byte of the label area at which it is. */
  readonly at: number
  readonly uuid: string
  /** Empty where it has none. What is not UTF-8, or would not be shown, is U+FFFD. */
  readonly name: string
  readonly isReadOnly: boolean
  /** Whether the labels of its namespace are still being written, or the writing of them was cut. */
  readonly isUpdating: boolean
  readonly labelCount: number
  readonly position: number
  readonly setCookie: bigint
  readonly lbaSize: bigint
  /** Byte of the NVDIMM at which its range begins. */
  readonly dpa: bigint
  /** Bytes. */
  readonly rawSize: bigint
  readonly slot: number
  readonly type: LabelType
  /** Absent from labels of version 1.1. */
  readonly abstraction: LabelAbstraction | undefined
}

function decodeName(bytes: Uint8Array): string {
  const field = bytes.subarray(LABEL.name, LABEL.name + NAME_BYTES)
  const end = field.indexOf(0)
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    end === -1 ? field : field.subarray(0, end),
  )
  // Names are printed: what moves a cursor or turns the direction of text is no part of one.
  return text.replaceAll(/\p{C}/gu, '\uFFFD')
}

/** Whether a label has a checksum, and another one than it should. */
export function isTornLabel(label: Uint8Array): boolean {
  if (label.length !== CHECKED_LABEL_BYTES) return false
  const view = new DataView(label.buffer, label.byteOffset, label.byteLength)
  return view.getBigUint64(LABEL.checksum, true) !== fletcher64(label, LABEL.checksum)
}

/** @param label 128 bytes or more @param at byte of the label area at which it is */
export function decodeNamespaceLabel(label: Uint8Array, at: number): NamespaceLabel {
  const view = new DataView(label.buffer, label.byteOffset, label.byteLength)
  const flags = view.getUint32(LABEL.flags, true)
  const hasGuids = label.length >= LABEL.abstractionGuid + UUID_BYTES
  const isLocal = (flags & FLAG.local) !== 0
  const typeWithoutGuid = isLocal ? 'block window' : 'pmem'
  return {
    at,
    uuid: decodeUuid(label, LABEL.uuid),
    name: decodeName(label),
    isReadOnly: (flags & FLAG.readOnly) !== 0,
    isUpdating: (flags & FLAG.updating) !== 0,
    labelCount: view.getUint16(LABEL.labelCount, true),
    position: view.getUint16(LABEL.position, true),
    setCookie: view.getBigUint64(LABEL.setCookie, true),
    lbaSize: view.getBigUint64(LABEL.lbaSize, true),
    dpa: view.getBigUint64(LABEL.dpa, true),
    rawSize: view.getBigUint64(LABEL.rawSize, true),
    slot: view.getUint32(LABEL.slot, true),
    type: hasGuids ? (TYPES[decodeGuid(label, LABEL.typeGuid)] ?? 'unknown') : typeWithoutGuid,
    abstraction: hasGuids ? (ABSTRACTIONS[decodeGuid(label, LABEL.abstractionGuid)] ?? 'unknown') : undefined,
  }
}
