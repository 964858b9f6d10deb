export { DelayLayer, type DelayOptions } from './delay-layer.ts'
export { delayPlugin } from './delay-plugin.ts'
export { FaultLayer, type FaultOptions } from './fault-layer.ts'
export { faultPlugin } from './fault-plugin.ts'
export type { FaultEffect, FaultKind, FaultRule } from './fault-rule.ts'
export type { MediaErrorRange } from './media-errors.ts'
export { OffsetLayer, type OffsetOptions } from './offset-layer.ts'
export { offsetPlugin } from './offset-plugin.ts'
export { PassingLayer, type LayerDifferences } from './passing-layer.ts'
export type { CallKind, CallMethod, CallPiece, ProviderCall } from './provider-call.ts'
export { ReadOnlyLayer } from './read-only-layer.ts'
export { readOnlyPlugin } from './read-only-plugin.ts'
export {
  toJsonLine,
  toTraceEventLines,
  toTraceEvents,
  TRACE_EVENTS_BEGIN,
  type TraceEvent,
} from './trace-format.ts'
export { TraceLayer, type TraceOptions, type TraceRecord, type TraceSink } from './trace-layer.ts'
export { tracePlugin } from './trace-plugin.ts'
