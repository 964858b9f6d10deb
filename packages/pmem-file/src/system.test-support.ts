import { systemCalls, type SystemCalls } from './index.ts'

/** The real system, but for the calls that are given. */
export function systemWith(replaced: Partial<SystemCalls>): SystemCalls {
  return { ...systemCalls, ...replaced }
}

/** Without koffi: programs have to do. */
export const withoutNative: SystemCalls = systemWith({ native: undefined })

/** With neither koffi nor programs. */
export const withoutHelp: SystemCalls = systemWith({
  native: undefined,
  run: () => ({ exitCode: undefined, stdout: '', stderr: 'no such program' }),
})

/** As the system would report it. */
export function systemFailure(code: string): Error {
  return Object.assign(new Error(`${code}: as injected`), { code })
}

/** A call that fails so. */
export function failing(code: string): () => never {
  return () => {
    throw systemFailure(code)
  }
}
