import { expect, test } from 'vitest'
import { qemuArguments, type Machine } from './qemu-arguments.ts'

const machine: Machine = {
  accelerator: 'tcg',
  cpus: 2,
  memoryBytes: 2 ** 29,
  nvdimms: [],
  kernelImage: '/k',
  initramfs: '/i',
  job: '/j',
  folders: {},
  console: '/c',
  kernelArguments: [],
  scriptLimitMs: 1500,
}

test('the guest is told its limit in whole seconds, not less than it is', () => {
  const args = qemuArguments(machine)
  expect(args[args.indexOf('-append') + 1]).toContain('LIMIT_SECONDS=2')
})

test('an image is shared memory, so that stores are in the file; its label area is told', () => {
  const args = qemuArguments({ ...machine, nvdimms: [{ path: '/a', sizeBytes: 4096, labelBytes: 131072 }] })
  expect(args).toContain('memory-backend-file,id=memory0,share=on,mem-path=/a,size=4096')
  expect(args).toContain('nvdimm,id=nvdimm0,memdev=memory0,label-size=131072')
})

test('a comma in a path does not end it', () => {
  const args = qemuArguments({ ...machine, nvdimms: [{ path: '/a,b', sizeBytes: 4096 }] })
  expect(args.join(' ')).toContain('mem-path=/a,,b,size')
})

test('there is a slot for each NVDIMM', () => {
  const nvdimms = [1, 2, 3].map((i) => ({ path: `/${i}`, sizeBytes: 4096 }))
  expect(qemuArguments({ ...machine, nvdimms }).join(' ')).toContain(',slots=3,')
})

test('a folder is for reading only, and the guest is told its name', () => {
  const args = qemuArguments({ ...machine, folders: { sources: '/s' } })
  expect(args).toContain('local,path=/s,mount_tag=sources,security_model=none,readonly=on')
  expect(args[args.indexOf('-append') + 1]).toContain('FOLDERS=sources')
})
