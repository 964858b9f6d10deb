import { expect, test } from 'vitest'
import {
  ArenaErrorStateError,
  ClosedError,
  ProviderIoError,
  type BttDevice,
  type PmemProvider,
  type WordAtomics,
} from '@bttkit/interfaces'
import { NATIVE_ATOMICS } from '@bttkit/region-lanes'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { parts } from './engine.test-support.ts'
import { BttEngine } from './engine.ts'
import { failing } from './faults.test-support.ts'
import { attached, fill } from './shared-device.test-support.ts'

/** Those of the machine, over other words: who goes past them is alone with what it has stored. */
function elsewhere(): WordAtomics {
  const words = new Int32Array(new SharedArrayBuffer(2 ** 16))
  const at = ({ byteOffset }: Int32Array, index: number): number => byteOffset / 4 + index
  const atomics: WordAtomics = Object.create(NATIVE_ATOMICS)
  return Object.assign(atomics, {
    load: (own: Int32Array, index: number) => NATIVE_ATOMICS.load(words, at(own, index)),
    store: (own: Int32Array, index: number, value: number) =>
      NATIVE_ATOMICS.store(words, at(own, index), value),
    notify: (own: Int32Array, index: number, count?: number) =>
      NATIVE_ATOMICS.notify(words, at(own, index), count),
  })
}

/** Two memberships of a device whose gate and error states are elsewhere, and one of the same device to which that does not apply. */
function threeOfOne() {
  const { provider, device, join } = attached()
  const engine = new BttEngine({ ...parts, atomics: elsewhere() })
  const joined = (storage: PmemProvider = provider()): BttDevice =>
    runBlocking(engine.join(storage, device.share()))
  return { provider, joined, stranger: join() }
}

test('an arena is in the error state where its atomics say so', async () => {
  const { provider, joined, stranger } = threeOfOne()
  const [unlucky, other] = [joined(failing('flush', 1)(provider())), joined()]
  await expect(unlucky.write(3, fill(1))).rejects.toThrow(ProviderIoError)
  await expect(other.write(4, fill(1))).rejects.toThrow(ArenaErrorStateError)
  await stranger.write(4, fill(1))
})

test('a device is closed where its atomics say so', async () => {
  const { provider } = attached()
  const engine = new BttEngine({ ...parts, atomics: elsewhere() })
  const device = runAtomic(engine.attach(provider(), { threads: true }))
  const share = device.share()
  const other = runBlocking(engine.join(provider(), share))
  const stranger = runBlocking(new BttEngine(parts).join(provider(), share))
  await device.close()
  await expect(other.read(3, fill(0))).rejects.toThrow(ClosedError)
  await stranger.read(3, fill(0))
})
