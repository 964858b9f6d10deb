import assert from 'node:assert/strict'
import { isBttkitError, type BttkitError, type MaybeSleep } from '@bttkit/interfaces'

/** The codes that the contract names. By code and not by class: another copy of the interfaces may have made the error. */
export type DocumentedCode =
  | 'BTT_OUT_OF_RANGE'
  | 'BTT_BAD_BLOCK'
  | 'BTT_CLOSED'
  | 'BTT_READ_ONLY'
  | 'BTT_IMAGE_LOCKED'

function assertCode(error: unknown, code: DocumentedCode, what: string): BttkitError {
  if (!isBttkitError(error)) assert.fail(`${what}: failed with ${String(error)}, which is no BttkitError`)
  assert.equal(error.code, code, `${what}: failed with '${error.message}'`)
  assert.equal(typeof error.errno, 'string', `${what}: the errno`)
  return error
}

/** A failure may be thrown by the call, or be the end of its wait. Answers with it. */
export async function assertFails(
  begin: () => MaybeSleep,
  code: DocumentedCode,
  what: string,
): Promise<BttkitError> {
  let failure: unknown
  try {
    await begin()
  } catch (error) {
    failure = error
  }
  if (failure === undefined) assert.fail(`${what}: it did not fail with ${code}`)
  return assertCode(failure, code, what)
}
