import { defineProviderPlugin, ProviderOpenError } from '@bttkit/interfaces'
import * as v from 'valibot'
import { layOver } from './lay-over.ts'
import { TraceEvents } from './trace-events.ts'
import { TraceFile } from './trace-file.ts'
import { JsonLines, type TraceFormat } from './trace-format.ts'
import { TraceLayer } from './trace-layer.ts'

const FORMATS = ['lines', 'events'] as const

function formatOf(name: (typeof FORMATS)[number]): TraceFormat {
  return name === 'lines' ? new JsonLines() : new TraceEvents()
}

function openTraceFile(path: string, format: TraceFormat, url: string): TraceFile {
  try {
    return new TraceFile(path, format)
  } catch (cause) {
    if (cause instanceof ProviderOpenError) throw cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'EIO'
    const detail = `the trace cannot be written to ${path} (${code})`
    throw new ProviderOpenError({ image: url }, detail, code, { cause })
  }
}

/** `trace:IMAGE?traceFile=calls.jsonl`, as JSON lines, or with `traceFormat=events` for Chrome and Perfetto. Threads cannot have it. */
export const tracePlugin = defineProviderPlugin({
  name: 'trace layer',
  schemes: ['trace'],
  isLayer: true,
  parameters: {
    traceFile: v.pipe(v.string('the path of a file'), v.nonEmpty('the path of a file')),
    traceFormat: v.optional(v.picklist(FORMATS, FORMATS.join(' or ')), 'lines'),
  },
  async open({ values, url }, _options, host) {
    const file = openTraceFile(values.traceFile, formatOf(values.traceFormat), url)
    try {
      const sink = file.add.bind(file)
      return await layOver(await host.openInner(), url, (inner) => new TraceLayer(inner, { sink }))
    } catch (error) {
      file.close()
      throw error
    }
  },
})
