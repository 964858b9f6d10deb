import type { MaybeSleep, PmemProvider } from '@bttkit/interfaces'

/** A method of a provider that transfers a range, with buffers of its own. */
export interface RangeCall {
  readonly name: string
  /** @param length of the buffer too, so a whole number that is not negative */
  readonly begin: (offset: number, length: number) => MaybeSleep
}

/** What the calls store, but for `zero`. */
const FILLING = 0xa5

const filled = (length: number): Uint8Array => new Uint8Array(length).fill(FILLING)

/** What is in a range of `length` bytes when the call of this name has stored there. */
export const storedBy = ({ name }: RangeCall, length: number): Uint8Array =>
  name === 'zero' ? new Uint8Array(length) : filled(length)

/** The methods of `provider` that read a range. */
export function readingCalls(provider: PmemProvider): RangeCall[] {
  const calls: RangeCall[] = [
    { name: 'read', begin: (offset, length) => provider.read(offset, new Uint8Array(length)) },
  ]
  if (provider.readInto !== undefined) {
    calls.push({
      name: 'readInto',
      begin: (offset, length) => provider.readInto?.(offset, new Uint8Array(length + 2), 1, length),
    })
  }
  return calls
}

/** The methods of `provider` that change a range. */
export function storingCalls(provider: PmemProvider): RangeCall[] {
  const calls: RangeCall[] = [
    { name: 'write', begin: (offset, length) => provider.write(offset, filled(length)) },
  ]
  if (provider.writeFrom !== undefined) {
    calls.push({
      name: 'writeFrom',
      begin: (offset, length) => provider.writeFrom?.(offset, filled(length + 2), 1, length),
    })
  }
  if (provider.writeThrough !== undefined) {
    calls.push({
      name: 'writeThrough',
      begin: (offset, length) => provider.writeThrough?.(offset, filled(length + 2), 1, length),
    })
  }
  if (provider.writeMany !== undefined) {
    calls.push({
      name: 'writeMany',
      begin: (offset, length) => provider.writeMany?.([{ offset, source: filled(length) }]),
    })
  }
  if (provider.zero !== undefined) {
    calls.push({ name: 'zero', begin: (offset, length) => provider.zero?.(offset, length) })
  }
  return calls
}

/** All of them, and those that make a range durable. */
export function allCalls(provider: PmemProvider): RangeCall[] {
  const calls = [...readingCalls(provider), ...storingCalls(provider)]
  calls.push({ name: 'flush', begin: () => provider.flush() })
  if (provider.persist !== undefined) {
    calls.push({ name: 'persist', begin: (offset, length) => provider.persist?.(offset, length) })
  }
  if (provider.persistMany !== undefined) {
    calls.push({
      name: 'persistMany',
      begin: (offset, length) => provider.persistMany?.([{ offset, length }]),
    })
  }
  return calls
}
