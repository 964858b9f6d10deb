/** The ids of places on the page. */
import type { Anchor } from './page-model.ts'

export const anchors = {
  finding: (number: number): Anchor => `finding-${number}`,
  arena: (arena: number): Anchor => `arena-${arena}`,
  part: (arena: number, name: string): Anchor => `arena-${arena}-${name}`,
  cell: (arena: number, cell: number): Anchor => `arena-${arena}-cell-${cell}`,
  lane: (arena: number, lane: number): Anchor => `arena-${arena}-lane-${lane}`,
  field: (arena: number, field: string): Anchor => `arena-${arena}-field-${field}`,
  /** A part of the storage that is no arena. */
  storage: (name: string): Anchor => `storage-${name}`,
} as const
