/** Recoveries of dead threads that cannot be done, or are not done to their end. */
import { expect, test } from 'vitest'
import {
  ArenaErrorStateError,
  CannotBlockError,
  FlogError,
  InvariantError,
  ProviderIoError,
  type MaybeSleep,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import { decodeInfoBlock } from '@bttkit/btt-format'
import { ThreadRegistry } from '@bttkit/region-lanes'
import { runAsync } from '@bttkit/sleepable'
import { SURVIVOR, recover, runAndDie } from './dead-threads.test-support.ts'
import { PassingProvider, PreemptingProvider, engine } from './engine.test-support.ts'
import { BEFORE_MAP_ENTRY, FREE, expectAttachable, fill, haunt, valueOf } from './haunted.test-support.ts'
import { LateProvider, settle } from './late-provider.test-support.ts'
import { patiently } from './workers.test-support.ts'

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

test('a recovery that was abandoned is done by whoever else waits, though its thread lives', async () => {
  for (let waits = 0, isAbandoned = true; isAbandoned; waits++) {
    const { haunted, victim } = await haunt(1)
    runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
    const first = haunted.part(SURVIVOR, new PreemptingProvider(haunted.provider()))
    const second = haunted.part(new ThreadRegistry(haunted.state.threads).join())
    const recovery = first.thread.recoverDead()
    isAbandoned = runAndDie(recovery, waits)
    recovery.return()
    await patiently('a read of another thread', second.device.read(3, fill(0)))
    expect(haunted.held()).toEqual(FREE)
  }
})

/** A recovery in the middle of its n-th storage call, the survivor's provider, and another way to end it. */
async function recovering(calls: number) {
  const { haunted, victim } = await haunt()
  runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
  const provider = new LateProvider(haunted.provider())
  const survivor = haunted.part(SURVIVOR, provider)
  provider.isLate = true
  return {
    haunted,
    provider,
    survivor,
    goOn: (operation: Sleepable<unknown>) => driveTo(operation, provider, calls),
  }
}

/** Drives an operation into its n-th storage call. */
async function driveTo(operation: Sleepable<unknown>, provider: LateProvider, calls: number): Promise<void> {
  let step = operation.next()
  for (let call = 1; call < calls && step.done !== true; call++) {
    provider.calls[0]?.finish()
    await step.value
    step = operation.next()
  }
  expect(step.done).toBe(false)
}

/** The flush, the read of the flog, and of the map entry; its store, and the flush after it. */
test.each([1, 2, 3, 4, 5])(
  'a device is not closed under call %d of a recovery that was abandoned',
  async (calls) => {
    const { haunted, provider, survivor, goOn } = await recovering(calls)
    const recovery = survivor.thread.recoverDead()
    await goOn(recovery)
    recovery.return()
    provider.isLate = false
    // By somebody else, so that nothing but that call is to be waited for.
    await recover(haunted.part(new ThreadRegistry(haunted.state.threads).join()))
    const closed = survivor.device.close()
    await settle()
    expect(provider.isClosed).toBe(false)
    provider.finishAll()
    await closed
    expect(provider.isClosed).toBe(true)
  },
)

test.each([1, 4])(
  'a close that is abandoned in call %d of its recovery leaves the device open',
  async (calls) => {
    const { haunted, provider, survivor, goOn } = await recovering(calls)
    const close = survivor.device.sleepable.close()
    await goOn(close)
    close.return()
    expect(provider.isClosed).toBe(false)
    provider.finishAll()
    expect(await valueOf(survivor, 5)).toBe('1')
    await survivor.device.close()
    expect(haunted.held()).toEqual(FREE)
  },
)

test('a driver that refuses to wait ends the recovery, and it is not taken for a failure of the storage', async () => {
  for (const calls of [1, 2, 3]) {
    const { haunted, provider, survivor, goOn } = await recovering(calls)
    const recovery = survivor.thread.recoverDead()
    await goOn(recovery)
    const refusal = new CannotBlockError({}, 'refused')
    expect(() => recovery.throw(refusal)).toThrow(refusal)
    provider.finishAll()
    await recover(survivor)
    expect(haunted.held()).toEqual(FREE)
    await survivor.device.write(3, fill(5))
    expect(await valueOf(survivor, 3)).toBe('5')
  }
})

test('a device is not closed while a thread that joins recovers another', async () => {
  const { haunted, survivor } = await haunt()
  const joining = engine.join(new PreemptingProvider(haunted.provider()), haunted.share())
  // The info block; then the flush, although the dead held nothing.
  expect(runAndDie(joining, 1)).toBe(true)
  let isClosed = false
  const closed = survivor.device.close().then(() => (isClosed = true))
  await settle()
  expect(isClosed).toBe(false)
  await patiently('joining', runAsync(joining))
  await patiently('closing', closed)
})

test('joining that is abandoned keeps its number until its storage call is over, and nothing else', async () => {
  const { haunted, provider, survivor } = await recovering(1)
  const before = survivor.thread.registry.numbers()
  const joining = engine.join(provider, haunted.share())
  // After the info block.
  await driveTo(joining, provider, 5)
  expect(() => joining.throw(new CannotBlockError({}, 'refused'))).toThrow(CannotBlockError)
  expect(survivor.thread.registry.numbers()).toHaveLength(before.length + 1)
  provider.finishAll()
  await settle()
  expect(survivor.thread.registry.numbers()).toEqual(before)
  await recover(survivor)
  expect(haunted.held()).toEqual(FREE)
  await patiently('closing', survivor.device.close())
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
