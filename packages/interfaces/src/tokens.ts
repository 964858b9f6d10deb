/**
 * The tokens by which the parts of a stack are found and replaced in a container. Symbols of the global registry,
 * so that two copies of this package mean the same thing by them.
 */

/** Makes the lane table of an attachment: `LaneTableFactory`. */
export const LANE_TABLE_FACTORY: unique symbol = Symbol.for('@bttkit/lane-table-factory')
/** Makes the map locks of an arena: `LockTableFactory`. */
export const LOCK_TABLE_FACTORY: unique symbol = Symbol.for('@bttkit/lock-table-factory')
/** Makes the read tracking of an arena: `ReadTrackingFactory`. */
export const READ_TRACKING_FACTORY: unique symbol = Symbol.for('@bttkit/read-tracking-factory')
/** Attaches a provider as a block device: `Engine`. */
export const ENGINE: unique symbol = Symbol.for('@bttkit/engine')
/** A way to open storage by URL: `ProviderPlugin`; registered many times. */
export const PROVIDER_PLUGIN: unique symbol = Symbol.for('@bttkit/provider-plugin')
/** A checker of images: `Checker`; registered many times. */
export const CHECKER: unique symbol = Symbol.for('@bttkit/checker')
