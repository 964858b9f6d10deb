/** Layers that fail a call, or write the calls down. */
import type { PmemProvider } from '@bttkit/interfaces'
import { FaultLayer, TraceLayer, type FaultKind, type TraceRecord } from '@bttkit/pmem-layers'
import { PassingProvider } from './engine.test-support.ts'

/** Memory that says of itself that it has to be flushed, or nobody would ask it to. */
export const flushed = (inner: PmemProvider): PmemProvider =>
  inner.capabilities.flush === 'none'
    ? new PassingProvider(inner, { flush: 'immediate', durableOnWrite: false })
    : inner

/** A layer that fails the n-th call (from 1) of a kind. */
export const failing =
  (on: FaultKind, nth: number) =>
  (inner: PmemProvider): PmemProvider =>
    new FaultLayer(flushed(inner), { faults: [{ on, effect: 'error', nth }] })

/** A layer that writes the calls down. */
export const recording =
  (records: TraceRecord[]) =>
  (inner: PmemProvider): PmemProvider =>
    new TraceLayer(flushed(inner), { sink: (record) => void records.push(record) })

/** Cuts the power in the n-th write (from 1): a part of it arrives, where it may be torn, and no call after it is made any more. */
export const powerCutAt =
  (nth: number) =>
  (inner: PmemProvider): PmemProvider =>
    new FaultLayer(inner, { faults: [{ on: 'write', effect: 'torn', nth }], seed: nth })

const METHODS: Record<FaultKind, readonly TraceRecord['method'][]> = {
  read: ['read', 'readInto'],
  write: ['write', 'writeFrom', 'writeMany', 'writeThrough', 'zero'],
  flush: ['flush', 'persist', 'writeThrough'],
}

/** Those that a fault of the kind can strike, in their order. */
export const callsOfKind = (kind: FaultKind, calls: readonly TraceRecord[]): TraceRecord[] =>
  calls.filter(({ method }) => METHODS[kind].includes(method)).toSorted((a, b) => a.number - b.number)
