import { mapState, stripFlags } from '@bttkit/btt-format'
import { STANDING, hasContent, type Standing } from './certainty.ts'
import type { ArenaSurvey } from './survey-map.ts'

/** Says of a sector what it is, from its entry and from who else has its block. */
export class SectorJudge {
  private readonly survey: ArenaSurvey
  private readonly sound: Standing
  private readonly internalNlba: number

  /** @param sound what a sector is at best with which nothing is wrong */
  constructor(survey: ArenaSurvey, sound: Standing) {
    this.survey = survey
    this.sound = sound
    this.internalNlba = survey.arena.info.internalNlba
  }

  judge(entry: number, premap: number): Standing {
    const state = mapState(entry)
    if (state === 'initial') return entry === 0 ? this.judgeUnwritten(premap) : STANDING.entryWithoutFlags
    const block = stripFlags(entry)
    if (block >= this.internalNlba) return STANDING.outOfRange
    if (state === 'zero') return STANDING.zeroed
    if (state === 'error') return STANDING.markedLost
    const standing = this.judgeContent(premap, block)
    // By a layout that nothing bears out all of it may be another sector's.
    return this.sound === STANDING.doubtful && hasContent(standing) ? STANDING.doubtful : standing
  }

  judgeUnwritten(premap: number): Standing {
    const { content, flagged, flog } = this.survey
    const isAnothers = content.has(premap) || flagged.has(premap) || flog.reading.free.has(premap)
    return isAnothers ? STANDING.blockOfAnother : STANDING.neverWritten
  }

  private judgeContent(premap: number, block: number): Standing {
    const { survey } = this
    if (survey.contested?.has(block) === true) return this.judgeContested(premap, block)
    if (this.sound !== STANDING.certain || !survey.isSuspect(premap)) return this.sound
    return STANDING.damagedAround
  }

  private judgeContested(premap: number, block: number): Standing {
    const { survey } = this
    const keeper = survey.keeperOf(block)
    if (keeper === premap) return STANDING.confirmedByFlog
    if (keeper !== -1) return STANDING.blockOfAnother
    if (survey.contentAgain?.has(block) === true) return STANDING.sharedWithSector
    if (survey.flog.reading.free.has(block)) return STANDING.sharedWithLane
    if (survey.flagged.has(block)) return STANDING.sharedWithFlagged
    return STANDING.besideNeverWritten
  }
}
