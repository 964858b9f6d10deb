/** The page of `btt check --html` and `btt info --html`. */
import { commonOptions } from '@bttkit/command-line'
import {
  buildPage,
  renderPage,
  type Fact,
  type ImageWords,
  type PageObserver,
  type PageRepair,
} from '@bttkit/image-page'
import type { Command } from 'commander'
import type { CheckedImage } from './check-run.ts'
import type { ImageToOpen } from './with-image.ts'

/** For the help of `--html`. */
export const HTML_HELP = 'also write a page that shows the image, for a browser'

/** Of each code so many findings get to the page, which lists some of them and marks the places of all. */
export const FINDINGS_FOR_PAGE = 1000

/** What a command has, of which a page can be made. */
export interface PageSource {
  readonly command: Command
  readonly target: ImageToOpen
  readonly checked: CheckedImage
  readonly observer: PageObserver
  readonly repair?: PageRepair
  readonly storageFacts?: readonly Fact[]
}

/** How to name the image on another command line so that the same is found. */
function wordsOf(command: Command, { image }: ImageToOpen): ImageWords {
  const { offset, plugin } = commonOptions(command)
  return [
    image.startsWith('-') ? `./${image}` : image,
    ...(offset === undefined ? [] : ['--offset', String(offset)]),
    ...plugin.flatMap((module) => ['--plugin', module]),
  ]
}

export function pageOf({ command, target, checked, ...rest }: PageSource): string {
  const { report, findings } = checked
  const words = wordsOf(command, target)
  return renderPage(buildPage({ report, findings, words, madeAt: new Date(), ...rest }))
}
