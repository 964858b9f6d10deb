/**
 * Many tasks on one processor write one BTT, and the kernel may take the processor from a task wherever it is. Linux had a time in which a lane was no lock then: two
 * tasks were in one, and published two sectors on one block. It is that bug, on a kernel that has it, and its absence on the current one.
 */
import { expect, inject, test } from 'vitest'
import { bootKernel } from './boot-kernel.ts'
import { findingsOf } from './image-state.test-support.ts'
import { create } from './our-images.test-support.ts'
import { Scratch } from './scratch.test-support.ts'
import { whyUnavailable } from './why-unavailable.ts'

/** 6.1.170, and 6.12.95 of the backports: `migrate_disable` and a count for each processor. Debian gives away older kernels for some months. */
const AFFECTED = ['linux-image-6.1.0-47-amd64', 'linux-image-6.12.95+deb12-amd64']
const TASKS = 8
const SECONDS = 20
const LIMIT_MS = 120_000

/** They begin at few places, so that they meet. */
const SCRIPT = `
. /nvdimms.sh
disk=$(btt_disk_of 0)
write_for_ever() {
  while :; do
    gnu-dd if=/dev/urandom of=/dev/$disk bs=512 seek=$((RANDOM % 20000)) count=4096 oflag=direct conv=notrunc
  done
}
for task in $(seq 1 ${TASKS}); do
  write_for_ever 2>/dev/null &
done
sleep ${SECONDS}
# The writers among them: nothing is under way when the machine goes.
kill $(jobs -p)
killall gnu-dd
wait
exit 0
`

/** What our checker finds in an image that many tasks wrote under that kernel. */
async function findingsAfterContention(kernel: string): Promise<Readonly<Record<string, number>>> {
  using scratch = new Scratch()
  const path = scratch.path('contention.img')
  await create(path, { externalLbasize: 512 })
  const { status, output } = await bootKernel({
    kernel,
    kernelArguments: ['preempt=full'],
    nvdimms: [{ path }],
    cpus: 1,
    script: SCRIPT,
    limitMs: LIMIT_MS,
  })
  expect({ status, output }).toMatchObject({ status: 0 })
  return findingsOf(path)
}

const whyNot = inject('whyNoKernel')

test.skipIf(whyNot !== '')('the current driver keeps the tasks of one processor apart', async () => {
  expect(await findingsAfterContention(inject('kernelPackage'))).toEqual({})
})

test.skipIf(whyNot !== '').for(AFFECTED)(
  '%s does not: blocks are published twice',
  async (affected, { skip }) => {
    const whyNotThat = await whyUnavailable(affected)
    if (whyNotThat !== undefined) skip(whyNotThat)
    const findings = await findingsAfterContention(affected)
    expect(findings['map-duplicate']).toBeGreaterThan(0)
  },
)
