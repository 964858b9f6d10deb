/** The parameters of one level of an image, against the schemas of its plugin. */
import { inspect } from 'node:util'
import { PluginContractError, ProviderUrlError, type ProviderPlugin } from '@bttkit/interfaces'
import { isMethod, isObject } from './contract-parts.ts'

type Schema = ProviderPlugin['parameters'][string]
type Given = Readonly<Record<string, unknown>>

function refuseUnknown(
  { name, parameters }: ProviderPlugin,
  above: readonly ProviderPlugin[],
  given: Given,
  url: string,
): void {
  const known = Object.keys(parameters)
  const unknown = Object.keys(given).find((key) => !known.includes(key))
  if (unknown === undefined) return
  const own =
    known.length === 0 ? 'it has none' : `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`
  const others = above.flatMap((layer) => Object.keys(layer.parameters))
  const ofLayers = others.length === 0 ? '' : `, and for the layers over it ${others.join(', ')}`
  throw new ProviderUrlError(
    { image: url },
    `the provider '${name}' has no parameter '${unknown}'; ${own}${ofLayers}`,
  )
}

type Result = Awaited<ReturnType<Schema['~standard']['validate']>>

function isResult(value: unknown): value is Result {
  if (!isObject(value)) return false
  const { issues } = value
  return issues === undefined ? 'value' in value : Array.isArray(issues) && issues.every(isObject)
}

/** What a schema says, which somebody else wrote. */
function answerOf(key: string, schema: Schema, value: unknown, url: string): Result {
  const refuse = (what: string, options?: ErrorOptions): never => {
    throw new PluginContractError({ image: url }, `the schema of the parameter '${key}' ${what}`, options)
  }
  let result: unknown
  try {
    result = schema['~standard'].validate(value)
  } catch (cause) {
    return refuse(`failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  // Nobody waits for it, and its failure would end the process.
  if (result instanceof Promise) result.catch(() => undefined)
  if (isObject(result) && isMethod(result['then'])) return refuse('does not answer at once')
  if (!isResult(result)) return refuse("answers neither with a 'value' nor with 'issues'")
  return result
}

function validate(key: string, schema: Schema, value: unknown, url: string): unknown {
  const result = answerOf(key, schema, value, url)
  if (result.issues === undefined) return result.value
  const issues = result.issues.map(({ message }) => message).join('; ')
  const what =
    value === undefined ? 'is missing' : `cannot be ${inspect(value, { depth: 1, breakLength: Infinity })}`
  throw new ProviderUrlError({ image: url }, `the parameter '${key}' ${what}: ${issues}`)
}

/**
 * What the plugin's schemas make of the parameters that were given.
 *
 * @param url names the image in messages
 * @param above the layers to which an unknown one may have been meant: in a URL all parameters are at the end
 * @throws {ProviderUrlError} for one that the plugin does not know, or whose schema refuses it. @throws {PluginContractError} for a schema that fails,
 * or whose answer is none or has to be waited for.
 */
export function checkParameters(
  plugin: ProviderPlugin,
  given: Given,
  url: string,
  above: readonly ProviderPlugin[] = [],
): Record<string, unknown> {
  refuseUnknown(plugin, above, given, url)
  return Object.fromEntries(
    Object.entries(plugin.parameters).map(([key, schema]) => [
      key,
      validate(key, schema, Object.hasOwn(given, key) ? given[key] : undefined, url),
    ]),
  )
}
