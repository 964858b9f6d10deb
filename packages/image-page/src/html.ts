/** The template tag of the page. It escapes what is put in, unless that came out of it. */
import { html as escaping, type SafeHtml } from '@remix-run/html-template'

export type { SafeHtml }

type Values = Interpolated<typeof escaping>
type Interpolated<Tag> = Tag extends (strings: TemplateStringsArray, ...values: infer Given) => SafeHtml
  ? Given
  : never

const withoutIndents = new WeakMap<TemplateStringsArray, TemplateStringsArray>()

/** Templates are indented for whoever reads them, and a page of thousands of rows would be half indents. */
function unindented(strings: TemplateStringsArray): TemplateStringsArray {
  const known = withoutIndents.get(strings)
  if (known !== undefined) return known
  const short = strings.map((part) => part.replaceAll(/\n\s*/g, '\n'))
  const made = Object.assign(short, { raw: short })
  withoutIndents.set(strings, made)
  return made
}

export function html(strings: TemplateStringsArray, ...values: Values): SafeHtml {
  return escaping(unindented(strings), ...values)
}

/** A style or a script, which a browser takes as it is; to the byte, because the policy of the page names its hash. */
export function asItIs(element: 'style' | 'script', content: string): SafeHtml {
  return escaping.raw`${`<${element}>${content}</${element}>`}`
}
