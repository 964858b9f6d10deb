/** What was done. */
export interface StressOperations {
  reads: number
  writes: number
  zeroes: number
  bytesRead: number
  bytesWritten: number
}

export function noOperations(): StressOperations {
  return { reads: 0, writes: 0, zeroes: 0, bytesRead: 0, bytesWritten: 0 }
}
