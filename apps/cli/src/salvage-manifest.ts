/** `manifest.json` of a salvage: written as it comes, so that it can be longer than memory. It says that the salvage went to its end in its last lines, and has its name only when all is durable. */
import type { FileHandle } from 'node:fs/promises'
import type {
  ConsideredLayout,
  InterruptedWrite,
  KeptBlock,
  SalvageReport,
  SalvagedArena,
  SalvagedDevice,
  SectorRun,
} from '@bttkit/salvage'
import { JsonSections } from './json-sections.ts'

/** So much is gathered before it is written. */
const BUFFER_CHARACTERS = 64 * 1024

/** Depth of what is open: the whole, the list of arenas, an arena, one of its lists. */
const WHOLE = 1
const ARENAS = 2
const ARENA = 3

type ArenaList = 'sectors' | 'blocks' | 'interruptedWrites'

/** The numbers of an info block; its checksum is no number of JSON, and says nothing here. */
function layoutOf({
  source,
  info,
  fit,
}: Omit<ConsideredLayout, 'offset'>): Readonly<Record<string, unknown>> {
  const { checksum: _checksum, ...fields } = info
  return { source, ...fields, fit }
}

/** An arena, without what is in it. */
export function arenaOf({
  index,
  offset,
  firstLba,
  others,
  ...layout
}: SalvagedArena): Readonly<Record<string, unknown>> {
  const otherLayouts = others.map((other) => ({ offset: other.offset, ...layoutOf(other) }))
  return { index, offset, firstLba, layout: layoutOf(layout), otherLayouts }
}

export class SalvageManifest {
  private readonly file: FileHandle
  private readonly json: JsonSections
  private text = ''
  private list: ArenaList | undefined

  constructor(file: FileHandle) {
    this.file = file
    this.json = new JsonSections((text) => {
      this.text += text
    })
  }

  begin({
    image,
    sizeBytes,
    sectorSize,
    metadataSize,
    sectorCount,
  }: SalvagedDevice): Promise<void> | undefined {
    const files = { sectors: 'sectors.img', blocks: 'unreferenced.img' }
    this.json.begin('{')
    this.json.fields({ format: 'bttkit-salvage', version: 1, image, sizeBytes })
    this.json.fields({ sectorSize, metadataSize, sectorCount, files })
    this.json.begin('[', 'arenas')
    return this.flushSome()
  }

  beginArena(arena: SalvagedArena): Promise<void> | undefined {
    this.json.endTo(ARENAS)
    this.json.begin('{')
    this.json.fields(arenaOf(arena))
    this.list = undefined
    return this.flushSome()
  }

  sectorRun(run: SectorRun): Promise<void> | undefined {
    return this.add('sectors', run)
  }

  keptBlock(block: KeptBlock): Promise<void> | undefined {
    return this.add('blocks', block)
  }

  interruptedWrite(write: InterruptedWrite): Promise<void> | undefined {
    return this.add('interruptedWrites', write)
  }

  /** The end of a salvage that went to its end. */
  async finish(report: SalvageReport): Promise<void> {
    this.json.endTo(WHOLE)
    this.json.fields({ ...countsOf(report), finished: true })
    await this.end()
  }

  /** The end of one that did not. */
  async breakOff(reason: string): Promise<void> {
    this.json.endTo(WHOLE)
    this.json.fields({ finished: false, reason })
    await this.end()
  }

  private async end(): Promise<void> {
    this.json.endTo(0)
    await this.flush()
    await this.file.sync()
  }

  private add(list: ArenaList, value: unknown): Promise<void> | undefined {
    if (this.list !== list) {
      this.json.endTo(ARENA)
      this.json.begin('[', list)
      this.list = list
    }
    this.json.element(value)
    return this.flushSome()
  }

  private flushSome(): Promise<void> | undefined {
    return this.text.length < BUFFER_CHARACTERS ? undefined : this.flush()
  }

  private async flush(): Promise<void> {
    const { text } = this
    this.text = ''
    await this.file.writeFile(text)
  }
}

/** What a salvage got, in numbers. */
export function countsOf(report: SalvageReport): Readonly<Record<string, unknown>> {
  const { sectors, blocks, unreferencedBlocks, damagedBlocks, interruptedWrites, isComplete } = report
  return {
    counts: { sectors, blocks, unreferencedBlocks, damagedBlocks, interruptedWrites },
    everythingGot: isComplete,
  }
}
