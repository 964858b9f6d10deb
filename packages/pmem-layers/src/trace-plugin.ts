import { appendFileSync, writeFileSync } from 'node:fs'
import {
  openInnerImage,
  ProviderOpenError,
  ProviderUrlError,
  type ProviderLocation,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { toJsonLine, toTraceEventLines, TRACE_EVENTS_BEGIN } from './trace-format.ts'
import { TraceLayer, type TraceRecord, type TraceSink } from './trace-layer.ts'

const FILE_PARAMETER = 'traceFile'
const FORMAT_PARAMETER = 'traceFormat'

const FORMATS = new Map<string, { begin: string; format: (record: TraceRecord) => string }>([
  ['lines', { begin: '', format: toJsonLine }],
  ['events', { begin: TRACE_EVENTS_BEGIN, format: toTraceEventLines }],
])

/** Makes the file, or empties it. Each record is in it before its call goes on, so that a crash of the process leaves all of them. */
function fileSinkOf({ parameters, url }: ProviderLocation): TraceSink {
  const place = { image: url }
  const path = parameters.get(FILE_PARAMETER)
  const chosen = FORMATS.get(parameters.get(FORMAT_PARAMETER) ?? 'lines')
  if (path === undefined) throw new ProviderUrlError(place, `a trace needs its '${FILE_PARAMETER}'`)
  if (chosen === undefined) {
    throw new ProviderUrlError(place, `'${FORMAT_PARAMETER}' is one of ${[...FORMATS.keys()].join(', ')}`)
  }
  try {
    writeFileSync(path, chosen.begin)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'EIO'
    throw new ProviderOpenError(place, `the trace cannot be written to ${path} (${code})`, code, { cause })
  }
  return (record) => appendFileSync(path, chosen.format(record))
}

/** `trace:IMAGE?traceFile=calls.jsonl`, as JSON lines, or with `traceFormat=events` for Chrome and Perfetto. Threads cannot have it. */
export const tracePlugin: ProviderPlugin = {
  name: 'trace layer',
  schemes: ['trace'],
  async open(location, options) {
    const sink = fileSinkOf(location)
    return new TraceLayer(await openInnerImage(location, options, [FILE_PARAMETER, FORMAT_PARAMETER]), {
      sink,
    })
  },
}
