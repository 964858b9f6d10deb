/** JSON in parts: an object whose lists are never in memory as a whole. */
export class JsonSections {
  private readonly write: (text: string) => void
  /** Of each object or list that is open: what closes it, and whether it has a member. */
  private readonly open: { readonly end: string; hasMember: boolean }[] = []

  constructor(write: (text: string) => void) {
    this.write = write
  }

  /** Begins an object or a list: the whole, a member of a list, or a member of an object with its name. */
  begin(kind: '{' | '[', name?: string): void {
    this.member(name, kind)
    this.open.push({ end: kind === '{' ? '}' : ']', hasMember: false })
  }

  /** Members of the object that is open. */
  fields(fields: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(fields))
      if (value !== undefined) this.member(name, JSON.stringify(value))
  }

  /** A member of the list that is open. */
  element(value: unknown): void {
    this.member(undefined, JSON.stringify(value))
  }

  /** Ends what was begun last. */
  end(): void {
    const { end = '', hasMember = false } = this.open.pop() ?? {}
    this.write(hasMember ? `\n${this.indent()}${end}` : end)
    if (this.open.length === 0) this.write('\n')
  }

  /** Ends all that is open but for the first `depth`. */
  endTo(depth: number): void {
    while (this.open.length > depth) this.end()
  }

  private member(name: string | undefined, text: string): void {
    const parent = this.open.at(-1)
    if (parent !== undefined) this.write(`${parent.hasMember ? ',' : ''}\n${this.indent()}`)
    if (parent !== undefined) parent.hasMember = true
    this.write(name === undefined ? text : `${JSON.stringify(name)}: ${text}`)
  }

  private indent(): string {
    return '  '.repeat(this.open.length)
  }
}
