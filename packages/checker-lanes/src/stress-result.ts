import { describeFailure, type Failure, type Mismatch } from './findings.ts'
import { noOperations, type StressOperations } from './stress-operations.ts'

/** What came of a thread's part of a run; a message can carry it. */
export interface ThreadResult {
  readonly operations: StressOperations
  readonly mismatchCount: number
  readonly mismatches: readonly Mismatch[]
  readonly failures: readonly Failure[]
}

/** The result of a thread that did not come to work. `code` is for what no error of bttkit stands for. */
export function failedResult(error: unknown, code?: string): ThreadResult {
  const [ownCode, message] = describeFailure(error)
  const failures = [{ code: code ?? ownCode, count: 1, message }]
  return { operations: noOperations(), mismatchCount: 0, mismatches: [], failures }
}
