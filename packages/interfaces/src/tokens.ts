/**
 * The tokens by which the parts of a stack are found and replaced in a container. Symbols of the global registry,
 * so that two copies of this package mean the same thing by them.
 */

const token = (name: string): symbol => Symbol.for(`@bttkit/${name}`)

/** Makes the lane table of an attachment: `LaneTableFactory`. */
export const LANE_TABLE_FACTORY: unique symbol = token('lane-table-factory') as never
/** Makes the map locks of an arena: `LockTableFactory`. */
export const LOCK_TABLE_FACTORY: unique symbol = token('lock-table-factory') as never
/** Makes the read tracking of an arena: `ReadTrackingFactory`. */
export const READ_TRACKING_FACTORY: unique symbol = token('read-tracking-factory') as never
/** Attaches a provider as a block device: `Engine`. */
export const ENGINE: unique symbol = token('engine') as never
/** A way to open storage by URL: `ProviderPlugin`; registered many times. */
export const PROVIDER_PLUGIN: unique symbol = token('provider-plugin') as never
/** A checker of images: `Checker`; registered many times. */
export const CHECKER: unique symbol = token('checker') as never
