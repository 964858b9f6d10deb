import { expect, test } from 'vitest'
import { listedLibraries } from './guest-programs.ts'

test('the files of the libraries are taken, and neither the loader nor what the kernel brings', () => {
  const listing = [
    '\tlinux-vdso.so.1 (0x00007ffc)',
    '\tlibndctl.so.6 => /cache/usr/lib/libndctl.so.6 (0x00007f01)',
    '\tlibc.so.6 => /cache/lib/libc.so.6 (0x00007f02)',
    '\t/lib64/ld-linux-x86-64.so.2 => /cache/ld (0x00007f03)',
    '',
  ].join('\n')
  expect(listedLibraries(listing)).toEqual(['/cache/usr/lib/libndctl.so.6', '/cache/lib/libc.so.6'])
})

test('a library that is missing is named', () => {
  expect(() => listedLibraries('\tlibzstd.so.1 => not found\n')).toThrow('libzstd.so.1')
})
