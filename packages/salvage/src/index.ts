export { CERTAINTIES, type Certainty, type CertaintyReason } from './certainty.ts'
export { INFO_FIELDS, checkInfoByHand, type InfoByHand } from './info-by-hand.ts'
export { salvage, type SalvageOptions, type SalvageReport } from './salvage.ts'
export type {
  ConsideredLayout,
  InterruptedWrite,
  KeptBlock,
  KeptWhy,
  LayoutFit,
  LayoutSource,
  SalvageSink,
  SalvagedArena,
  SalvagedDevice,
  SectorRun,
} from './salvage-sink.ts'
export type { SalvageProgress } from './salvage-run.ts'
export type { CertaintyCounts } from './sector-runs.ts'
