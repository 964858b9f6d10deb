/** Rules of others: their findings count, and none of them keeps a check from its end or makes it say less than it found. */
import { expect, test, vi } from 'vitest'
import type { Checker, Finding, PmemProvider } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { smallImage } from './image.test-support.ts'
import { checkImage, type CheckImageOptions, type ImageReport } from './index.ts'

const image = smallImage(4160)

interface Outcome {
  readonly findings: readonly Finding[]
  readonly report: ImageReport
}

async function collect(check: Checker['check'], options: CheckImageOptions = {}): Promise<Outcome> {
  const findings: Finding[] = []
  const provider = new MemoryProvider({ bytes: image.slice() }, 'image')
  const iteration = checkImage(provider, { checkers: [{ name: 'acme', check }], ...options })
  let step = await iteration.next()
  for (; step.done !== true; step = await iteration.next()) findings.push(step.value)
  return { findings, report: step.value }
}

const SOUND: Finding = { code: 'acme-odd', severity: 'recoverable', lba: 7, message: 'LBA 7 is odd' }

test('what it finds counts for the verdict', async () => {
  const { findings, report } = await collect(async function* check() {
    yield SOUND
  })
  expect(findings).toEqual([SOUND])
  expect(report).toMatchObject({ verdict: 'recoverable', findingsByCode: { 'acme-odd': 1 } })
})

test('nothing but what a finding has is handed on', async () => {
  const { findings } = await collect(async function* check() {
    yield Object.assign({ endless: new Map(), toJSON: () => 'none' }, SOUND)
  })
  expect(findings).toEqual([SOUND])
})

test('it sees the image, and can neither store nor close it', async () => {
  const tried: string[] = []
  const attempt = (what: string, call: () => unknown): void => {
    try {
      call()
    } catch (error) {
      tried.push(`${what}: ${String(error instanceof Error && Reflect.get(error, 'code'))}`)
    }
  }
  const { report } = await collect(async function* check(provider: PmemProvider) {
    attempt('write', () => provider.write(0, new Uint8Array(1)))
    await provider.close()
    attempt('flush', () => provider.flush())
    await provider.read(4096, new Uint8Array(16))
    yield { ...SOUND, offset: provider.size }
  })
  expect(tried).toEqual(['write: BTT_READ_ONLY'])
  expect(report.findingsByCode).toEqual({ 'acme-odd': 1 })
})

const FAILURES: Readonly<Record<string, [check: Checker['check'], says: string]>> = {
  'that throws': [
    async function* check() {
      yield SOUND
      throw new Error('no luck')
    },
    'no luck',
  ],
  'that throws before it iterates': [
    () => {
      throw new TypeError('not today')
    },
    'not today',
  ],
  'that throws no error': [
    async function* check() {
      yield SOUND
      throw 7
    },
    '7',
  ],
  'that gives nothing to iterate over': [() => undefined as never, 'undefined'],
  'with a finding that is none': [
    async function* check() {
      yield null as never
    },
    'no object',
  ],
  'with a severity of its own': [
    async function* check() {
      yield { ...SOUND, severity: 'fatal' } as never
    },
    'without a right severity',
  ],
  'with a place that is none': [
    async function* check() {
      yield { ...SOUND, lba: -1, offset: 1.5 }
    },
    'without a right lba, offset',
  ],
  'without a code and a message': [
    async function* check() {
      yield { severity: 'info' } as never
    },
    'without a right code, message',
  ],
}

test.each(Object.entries(FAILURES))(
  'one %s is over, and nothing is called clean',
  async (_what, [check, says]) => {
    const { findings, report } = await collect(check)
    const [failure] = findings.filter(({ code }) => code === 'rule-failed')
    expect(failure?.message).toMatch(/^the rule 'acme' did not come to its end: /)
    expect(failure?.message).toContain(says)
    expect(report.verdict).toBe('damaged')
  },
)

test('those behind it look at the image nevertheless', async () => {
  const provider = new MemoryProvider({ bytes: image.slice() }, 'image')
  const codes: string[] = []
  const failing: Checker = { name: 'one', check: () => undefined as never }
  const sound: Checker = {
    name: 'two',
    async *check() {
      yield SOUND
    },
  }
  for await (const { code } of checkImage(provider, { checkers: [failing, sound] })) codes.push(code)
  expect(codes).toEqual(['rule-failed', 'acme-odd'])
})

test('one that does nothing any more is over after the limit', async () => {
  const { findings, report } = await collect(
    async function* check() {
      yield SOUND
      await new Promise(() => undefined)
    },
    { ruleLimitMs: 30 },
  )
  expect(findings.map(({ code }) => code)).toEqual(['acme-odd', 'rule-failed'])
  expect(report.verdict).toBe('damaged')
})

test('one that reads is given the time that it takes', async () => {
  vi.useFakeTimers()
  try {
    const outcome = collect(
      async function* check(provider: PmemProvider) {
        for (let i = 0; i < 10; i++) {
          await new Promise((resolve) => setTimeout(resolve, 900))
          await provider.read(0, new Uint8Array(8))
        }
        yield SOUND
      },
      { ruleLimitMs: 1000 },
    )
    await vi.advanceTimersByTimeAsync(20_000)
    expect((await outcome).findings).toEqual([SOUND])
  } finally {
    vi.useRealTimers()
  }
})

test('a signal ends a check whose rule does nothing any more', async () => {
  const reason = new Error('enough')
  const stop = new AbortController()
  const ending = collect(
    async function* check() {
      yield SOUND
      stop.abort(reason)
      await new Promise(() => undefined)
    },
    { signal: stop.signal },
  )
  await expect(ending).rejects.toBe(reason)
})

test('whoever leaves the check leaves the rule, too', async () => {
  const left = vi.fn<() => void>()
  async function* check(): AsyncGenerator<Finding> {
    try {
      yield SOUND
      yield SOUND
    } finally {
      left()
    }
  }
  const provider = new MemoryProvider({ bytes: image.slice() }, 'image')
  for await (const finding of checkImage(provider, { checkers: [{ name: 'acme', check }] }))
    if (finding.code === 'acme-odd') break
  await vi.waitFor(() => expect(left).toHaveBeenCalledOnce())
})
