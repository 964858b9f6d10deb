/** The verdict in one sentence, and what to do next: commands that can be typed as they are. */
import type { Finding } from '@bttkit/interfaces'
import type { ImageReport } from '@bttkit/checker-image'
import { isDamage } from './finding-places.ts'
import { counted } from './numbers.ts'
import type { NextStep, RepairModel, VerdictModel } from './page-model.ts'

/** How to name the image in a command line: each word as it is, not quoted. */
export type ImageWords = readonly string[]

const UNDO_FILE = 'repair.undo'

/** A word for a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** What is named in a verdict. */
export interface Judged {
  readonly report: ImageReport
  readonly findings: readonly Finding[]
  readonly repair: RepairModel | undefined
  /** The undo file of a repair that was done. */
  readonly undo: string | undefined
  readonly words: ImageWords
}

type Spoken = Omit<VerdictModel, 'verdict'>

class Advice {
  private readonly judged: Judged

  constructor(judged: Judged) {
    this.judged = judged
  }

  speak(): VerdictModel {
    const { report, repair } = this.judged
    const { verdict } = report
    if (repair !== undefined && !repair.isDryRun && repair.done.length > 0)
      return { verdict, ...this.afterRepair(repair) }
    const spoken = {
      clean: () => this.clean(),
      recoverable: () => this.recoverable(),
      damaged: () => this.damaged(),
      unreadable: () => this.unreadable(),
    }[verdict]()
    return { verdict, ...spoken }
  }

  private step(why: string, command: string, ...options: readonly string[]): NextStep {
    const words = ['btt', command, ...this.judged.words, ...options]
    return { why, command: words.map(quoted).join(' ') }
  }

  private clean(): Spoken {
    if (this.judged.report.arenas.length === 0)
      return {
        sentence: 'This image is in order, and was never written.',
        advice:
          'It is a pool that gets its Block Translation Table with the first write; until then it reads as zeros.',
        steps: [],
      }
    return {
      sentence: 'This image is in order.',
      advice: 'Every block belongs to exactly one sector or is free. Nothing has to be done.',
      steps: [],
    }
  }

  private recoverable(): Spoken {
    const { findingsByCode } = this.judged.report
    const writes = counted(findingsByCode['write-interrupted'] ?? 0, 'write was', 'writes were')
    return {
      sentence: `This image is in order, and ${writes} interrupted.`,
      advice: 'That is what the format is made for: whoever uses the image next completes them by itself.',
      steps: [this.step('To complete them now:', 'check', '--repair')],
    }
  }

  private damaged(): Spoken {
    const { report, findings, repair } = this.judged
    const sentence = `This image is damaged: ${counted(report.findings.damaged, 'thing is', 'things are')} wrong.`
    const canRepair = findings.some((finding) => isDamage(finding) && finding.repair !== undefined)
    if (!canRepair)
      return {
        sentence,
        advice: 'No repair would change that. What can be read can be taken out.',
        steps: [this.export()],
      }
    const doIt = this.step(
      'Repair it, with a file that takes it back:',
      'check',
      '--repair',
      '--undo',
      UNDO_FILE,
    )
    if (repair?.isDryRun === true)
      return { sentence, advice: `A repair would make of it: ${repair.after}.`, steps: [doIt] }
    return {
      sentence,
      advice:
        'Nothing was changed. A repair does what is certain, and leaves every sector readable that is so now.',
      steps: [this.step('See what a repair would do:', 'check', '--repair', '--dry-run'), doIt],
    }
  }

  private unreadable(): Spoken {
    return {
      sentence: 'No Block Translation Table can be found here.',
      advice:
        'Either this is no such image, or its info blocks are gone. They can be rebuilt where map and flog are still there.',
      steps: [
        this.step('See what could be rebuilt:', 'check', '--repair', '--rebuild', '--dry-run'),
        this.step(
          'Rebuild it, with a file that takes it back:',
          'check',
          '--repair',
          '--rebuild',
          '--undo',
          UNDO_FILE,
        ),
      ],
    }
  }

  private afterRepair(repair: RepairModel): Spoken {
    const { report, undo } = this.judged
    const count = counted(repair.done.length + repair.moreDone, 'repair was', 'repairs were')
    const isWell = report.verdict === 'clean' || report.verdict === 'recoverable'
    const takeBack =
      undo === undefined ? [] : [this.step('To take the repair back:', 'check', '--undo-restore', undo)]
    return {
      sentence: isWell
        ? `This image was ${repair.before}, and is in order now: ${count} made.`
        : `This image is still ${report.verdict}: ${count} made, and something is left.`,
      advice: isWell
        ? 'Every block belongs to exactly one sector or is free.'
        : 'What is left would be a guess, or cannot be put right; below is said what decides it.',
      steps: [...(isWell ? [] : [this.export()]), ...takeBack],
    }
  }

  private export(): NextStep {
    const { words } = this.judged
    const all = ['btt', 'export', ...words, 'rescued.raw', '--on-error', 'zero']
    return { why: 'Take out what can be read:', command: all.map(quoted).join(' ') }
  }
}

export function verdictAdvice(judged: Judged): VerdictModel {
  return new Advice(judged).speak()
}
