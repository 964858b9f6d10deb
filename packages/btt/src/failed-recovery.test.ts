/** Recoveries of dead threads that cannot be done, or are not done to their end. */
import { expect, test } from 'vitest'
import {
  ArenaErrorStateError,
  FlogError,
  InvariantError,
  ProviderIoError,
  type MaybeSleep,
  type PmemProvider,
} from '@bttkit/interfaces'
import { decodeInfoBlock } from '@bttkit/btt-format'
import { SURVIVOR, recover, runAndDie } from './dead-threads.test-support.ts'
import { PassingProvider, PreemptingProvider } from './engine.test-support.ts'
import { BEFORE_MAP_ENTRY, FREE, expectAttachable, fill, haunt, valueOf } from './haunted.test-support.ts'

test('a recovery that was abandoned is taken up again by the next task of the thread', async () => {
  for (let waits = 0, isAbandoned = true; isAbandoned; waits++) {
    const { haunted, victim } = await haunt()
    runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
    const survivor = haunted.part(SURVIVOR, new PreemptingProvider(haunted.provider()))
    const recovery = survivor.thread.recoverDead()
    isAbandoned = runAndDie(recovery, waits)
    recovery.return()
    await recover(survivor)
    expect(haunted.held()).toEqual(FREE)
    expectAttachable(haunted)
    // Its store may have been under way: then nobody builds on it.
    const isWritable = Atomics.load(haunted.arena.errorState, 0) === 0
    expect(isWritable || waits === 3 || waits === 4, `abandoned at ${waits}`).toBe(true)
  }
})

/** Fails each call of a kind, while it is told to. */
class Failing extends PassingProvider {
  fails: 'read' | 'write' | 'flush' | undefined
  readonly calls: string[] = []

  constructor(inner: PmemProvider) {
    super(inner, { flush: 'immediate', durableOnWrite: false })
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    this.called('read')
    return super.read(offset, target)
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    this.called('write')
    return super.write(offset, source)
  }

  override flush(): MaybeSleep {
    this.called('flush')
    return super.flush()
  }

  private called(kind: 'read' | 'write' | 'flush'): void {
    this.calls.push(kind)
    if (this.fails === kind) throw new ProviderIoError({ image: this.name }, `each ${kind} fails`, 'EIO')
  }
}

test.each(['read', 'write', 'flush'] as const)(
  'a %s that fails in the recovery ends writing on all threads, and readers go on',
  async (kind) => {
    const { haunted, victim } = await haunt()
    runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
    const provider = new Failing(haunted.provider())
    const survivor = haunted.part(SURVIVOR, provider)
    const other = haunted.part(SURVIVOR)
    provider.fails = kind
    await recover(survivor)
    provider.fails = undefined
    expect(haunted.held()).toEqual(FREE)
    for (const { device } of [survivor, other]) {
      await expect(device.write(5, fill(5))).rejects.toThrow(ArenaErrorStateError)
      expect(await valueOf({ ...other, device }, 5)).toBe('1')
    }
    expectAttachable(haunted)
    await expect(survivor.device.write(5, fill(5))).rejects.toThrow(
      expect.objectContaining({ cause: expect.any(ProviderIoError) }),
    )
  },
)

test('a flog that no write leaves so ends writing, and readers go on', async () => {
  const { haunted, survivor, victim } = await haunt(1)
  runAndDie(victim.device.sleepable.write(3, fill(2)), 0)
  const { logoff } = decodeInfoBlock(haunted.bytes.subarray(4096, 8192))
  // Both sequence numbers of lane 0.
  for (const seqAt of [12, 28]) haunted.bytes.fill(0, 4096 + logoff + seqAt, 4096 + logoff + seqAt + 4)
  await recover(survivor)
  expect(haunted.held()).toEqual(FREE)
  await expect(survivor.device.write(3, fill(5))).rejects.toThrow(
    expect.objectContaining({ name: 'ArenaErrorStateError', cause: expect.any(FlogError) }),
  )
  expect(await valueOf(survivor, 3)).toBe('1')
})

test('a publication of a dead thread that has no map lock is a defect that ends writing', async () => {
  const { haunted, survivor, victim } = await haunt(1)
  runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
  haunted.mapLocks.fill(0)
  await recover(survivor)
  await expect(survivor.device.write(3, fill(5))).rejects.toThrow(
    expect.objectContaining({ cause: expect.any(InvariantError) }),
  )
})

test('what a dead thread stored is flushed before anything is built on it', async () => {
  const { haunted, victim } = await haunt()
  runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
  const provider = new Failing(haunted.provider())
  await recover(haunted.part(SURVIVOR, provider))
  // Then the entry of the map, and what makes it durable; the last flush is for the other dead thread.
  expect(provider.calls.filter((kind) => kind !== 'read')).toEqual(['flush', 'write', 'flush', 'flush'])
})
