export { LocalReadTracking } from './local-read-tracking.ts'
export { MutexLaneTable } from './mutex-lane-table.ts'
export { MutexLocks } from './mutex-locks.ts'
export { registerMutexLanes } from './register.ts'
