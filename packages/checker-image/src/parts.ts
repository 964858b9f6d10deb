/**
 * The parts of a check, for packages that look at images in another way: what is left of an image, and which layouts it may have had. They only read. Less stable than what the
 * package itself exports: a package that uses them is released together with this one.
 */
export { checkFlog, type FlogReading } from './check-flog.ts'
export { checkMap } from './check-map.ts'
export type { Arena, CheckRun } from './check-run.ts'
export { examinePlace, type ExaminedPlace } from './examine-arena.ts'
export { findArenas } from './find-arenas.ts'
export { FindingLog, type ImageFinding } from './finding-log.ts'
export { readFlogGroups, type FlogGroups } from './flog-groups.ts'
export { ImageReader } from './image-reader.ts'
export { usableInfo } from './info-copy.ts'
export { entryOffset, findInterruptedWrites, type CompletedWrites } from './interrupted-writes.ts'
export { LayoutSearch, type Identity, type UsualNumbers } from './layout-candidates.ts'
export { MapPasses } from './map-passes.ts'
export { BAD_LANES } from './needy-lanes.ts'
export { readMap, type MapVisitor } from './read-map.ts'
export { readSurroundings, type Surroundings } from './surroundings.ts'
