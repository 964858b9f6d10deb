import assert from 'node:assert/strict'
import { assertStored, patternOf } from './bytes.ts'
import { without, type ConformanceCase } from './conformance-case.ts'

const REQUIRED = ['read', 'write', 'flush', 'close'] as const
const OPTIONAL = [
  'readInto',
  'writeFrom',
  'persist',
  'persistMany',
  'writeThrough',
  'writeMany',
  'zero',
  'badBlocks',
  'dataRanges',
  'annotate',
  'lock',
  'share',
] as const
const FLAGS = ['sameLineOrdered', 'damagesNeighbours', 'mayWait', 'durableOnWrite', 'fencing'] as const

const isPowerOfTwo = (value: number): boolean => value >= 1 && Number.isInteger(Math.log2(value))

/** What a provider is, before it does anything. */
export const contractCases: readonly ConformanceCase[] = [
  {
    name: 'contract: it has a name, a size that is large enough, and says that it can be written',
    async run({ provider, askedBytes }) {
      assert.equal(typeof provider.name, 'string')
      assert.notEqual(provider.name, '', 'the name is for messages, and empty')
      assert.ok(Number.isSafeInteger(provider.size), `the size is ${provider.size}`)
      assert.ok(provider.size >= askedBytes, `${askedBytes} bytes were asked for, and ${provider.size} came`)
      assert.equal(provider.readOnly, false, 'readOnly')
    },
  },
  {
    name: 'contract: required members are methods, and so are optional ones that are there',
    async run({ provider }) {
      for (const member of REQUIRED) assert.equal(typeof provider[member], 'function', member)
      for (const member of OPTIONAL) {
        if (provider[member] !== undefined) assert.equal(typeof provider[member], 'function', member)
      }
    },
  },
  {
    name: 'contract: the capabilities are frozen, and always the same record',
    async run({ provider }) {
      const { capabilities } = provider
      assert.ok(Object.isFrozen(capabilities), 'the capabilities are not frozen')
      await provider.write(0, patternOf(8, 1))
      await provider.flush()
      assert.equal(provider.capabilities, capabilities)
    },
  },
  {
    name: 'contract: each capability has a value that it can have',
    async run({ provider: { capabilities } }) {
      for (const flag of FLAGS) assert.equal(typeof capabilities[flag], 'boolean', flag)
      const { atomicWriteBytes, tearGranularityBytes, maxWritesInFlight, atomicAccessBytes } = capabilities
      assert.ok(isPowerOfTwo(atomicWriteBytes), `atomicWriteBytes is ${atomicWriteBytes}, no power of two`)
      assert.ok(
        Number.isSafeInteger(tearGranularityBytes) && tearGranularityBytes >= 1,
        `tearGranularityBytes is ${tearGranularityBytes}`,
      )
      const limit = maxWritesInFlight === Infinity || Number.isSafeInteger(maxWritesInFlight)
      assert.ok(limit && maxWritesInFlight >= 1, `maxWritesInFlight is ${maxWritesInFlight}`)
      assert.ok(
        atomicAccessBytes === 0 || isPowerOfTwo(atomicAccessBytes),
        `atomicAccessBytes is ${atomicAccessBytes}, neither 0 nor a power of two`,
      )
      assert.ok(
        ['none', 'immediate', 'sleeps'].includes(capabilities.flush),
        `flush is ${capabilities.flush}`,
      )
    },
  },
  {
    name: 'contract: it says by what a flush makes writes durable',
    async run({ provider: { capabilities } }) {
      assert.equal(typeof capabilities.persistBy, 'string', 'persistBy')
      assert.notEqual(capabilities.persistBy.trim(), '', 'persistBy is for people, and empty')
    },
  },
  {
    name: 'contract: the capabilities do not contradict each other',
    async run({ provider: { capabilities } }) {
      const { flush, mayWait, atomicWriteBytes } = capabilities
      assert.ok(flush !== 'sleeps' || mayWait, 'a flush that sleeps waits, and mayWait is false')
      assert.ok(atomicWriteBytes >= 8, 'writing needs eight bytes at least that no crash tears')
    },
  },
  {
    name: 'contract: the mapping is the storage',
    skipReason: without('mapping'),
    async run({ provider }) {
      assert.equal(provider.mapping?.byteLength, provider.size)
      const first = patternOf(8, 1)
      await provider.write(64, first)
      assert.deepEqual([...provider.mapping.subarray(64, 72)], [...first], 'a write in the mapping')
      const second = patternOf(8, 2)
      provider.mapping.set(second, 64)
      await assertStored(provider, 64, second, 'a store into the mapping')
    },
  },
]
