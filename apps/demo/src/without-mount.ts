import { CommandError, formatSize, writeOutput } from '@bttkit/command-line'
import { createStack } from '@bttkit/stack'

/** The demonstration where nothing can be mounted: write to the image, attach it again, read back. Returns when all was equal. */
export async function demonstrateWithoutMount(image: string): Promise<void> {
  const stack = createStack()
  const device = await stack.openImage(image)
  const { info, sectorSize, sectorCount } = device
  const content = new Uint8Array(sectorSize).fill(0xb7)
  await device.write(sectorCount - 1, content)
  await device.close()

  const again = await stack.openImage(image, { readOnly: true })
  const back = new Uint8Array(sectorSize)
  await again.read(sectorCount - 1, back)
  await again.close()
  if (Buffer.compare(back, content) !== 0)
    throw new CommandError(`${image}: the last sector does not read back`)
  await writeOutput(
    `${image}: BTT ${info.format.version}, ${sectorCount} sectors of ${sectorSize} bytes (${formatSize(sectorCount * sectorSize)}), ${info.arenas.length} arena, state ${info.state}\n` +
      'wrote the last sector, attached the image again and read it back: equal\n',
  )
}
