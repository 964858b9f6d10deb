import type { CrashOperation } from './crash-operation.ts'
import type { ExpectedSectors } from './expected-sectors.ts'
import type { Obligations } from './judge-device.ts'

/** What the sectors have to be as the operations of a workload go on: each is durable when it is over, or, before a write-back cache, when a flush after it is. */
export class WorkloadDuties {
  private readonly isWriteBack: boolean
  private acknowledged: ExpectedSectors
  private newest: ExpectedSectors
  private gathered: ExpectedSectors[] = []

  constructor(isWriteBack: boolean, sectors: ExpectedSectors) {
    this.isWriteBack = isWriteBack
    this.acknowledged = sectors
    this.newest = sectors
  }

  during(operation: CrashOperation): Obligations {
    const { acknowledged, newest, gathered } = this
    return { acknowledged, underWay: newest.after(operation), gathered: [...gathered] }
  }

  /** After the operation, which is over. */
  after(operation: CrashOperation): Obligations {
    this.newest = this.newest.after(operation)
    if (this.isWriteBack && operation.kind !== 'flush') this.gathered.push(this.newest)
    else {
      this.acknowledged = this.newest
      this.gathered = []
    }
    return { acknowledged: this.acknowledged, underWay: this.newest, gathered: [...this.gathered] }
  }
}
