import { writeOutput } from '@bttkit/command-line'

/** Prints a JSON array in parts, an element a line; the whole never is in memory. */
export class JsonArrayWriter {
  private isEmpty = true

  async write(elements: readonly unknown[]): Promise<void> {
    if (elements.length === 0) return
    const lines = elements.map((element) => `  ${JSON.stringify(element)}`).join(',\n')
    await writeOutput((this.isEmpty ? '[\n' : ',\n') + lines)
    this.isEmpty = false
  }

  async end(): Promise<void> {
    await writeOutput(this.isEmpty ? '[]\n' : '\n]\n')
  }
}
