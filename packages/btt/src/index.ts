export type { EngineParts } from './compose.ts'
export { BttEngine } from './engine.ts'
export { registerBttEngine } from './register.ts'
export { inspect, Inspection, type FlogRecord, type MapRecord } from './inspect.ts'
