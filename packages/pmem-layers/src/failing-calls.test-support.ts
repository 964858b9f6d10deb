import { expect } from 'vitest'
import { ProviderIoError } from '@bttkit/interfaces'
import { FaultLayer, type FaultRule } from './index.ts'
import { FullProvider } from './recording-provider.test-support.ts'

export function faulty(...faults: FaultRule[]): { inner: FullProvider; layer: FaultLayer } {
  const inner = new FullProvider()
  return { inner, layer: new FaultLayer(inner, { faults }) }
}

/** Which of `count` calls fail, from 1. */
export function failing(count: number, call: () => unknown): number[] {
  return Array.from({ length: count }, (_, index) => index + 1).filter(() => {
    try {
      call()
      return false
    } catch (error) {
      expect(error).toBeInstanceOf(ProviderIoError)
      return true
    }
  })
}
