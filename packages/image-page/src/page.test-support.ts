/** Pages of images in memory. */
import { examineImage } from '@bttkit/checker-image'
import type { Finding } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { applyPatches, corruptions, kernelImage, poolImage } from '@bttkit/fixtures'
import { PageObserver, buildPage, type PageContent, type PageModel } from './index.ts'

/** What a check of these bytes gives to a page. */
export function contentOf(bytes: Uint8Array, name = 'disk.img'): PageContent {
  const observer = new PageObserver()
  const findings: Finding[] = []
  const onFinding = (finding: Finding): unknown => findings.push(finding)
  const report = runAtomic(examineImage(new MemoryProvider({ bytes }, name), { observer, onFinding }))
  return { report, findings, observer, words: [name], madeAt: new Date(0) }
}

export function pageOf(bytes: Uint8Array, name?: string): PageModel {
  return buildPage(contentOf(bytes, name))
}

/** A pool of which a page of the map is all ones: thousands of findings. */
export function ruinedPool(): Uint8Array {
  const bytes = poolImage('crash-4096').bytes()
  applyPatches(bytes, corruptions().find(({ name }) => name === 'map-page-ff')?.patches ?? [])
  return bytes
}

export { kernelImage, poolImage }
