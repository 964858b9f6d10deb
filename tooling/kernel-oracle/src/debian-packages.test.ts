import { expect, test } from 'vitest'
import { backportsOf, dependedOn } from './debian-packages.ts'

const META = `linux-image-amd64
  Depends: linux-base
  Depends: linux-image-6.1.0-56-amd64
  Recommends: linux-image-9.9.9-1-amd64
`

test('the kernel that a meta package stands for is the one that it depends on', () => {
  expect(dependedOn(META, /^linux-image-\d/)).toBe('linux-image-6.1.0-56-amd64')
})

test('a package that depends on no kernel stands for itself', () => {
  expect(dependedOn('linux-image-6.1.0-56-amd64\n  Depends: kmod\n', /^linux-image-\d/)).toBeUndefined()
})

test('backports are those of the release', () => {
  expect(backportsOf('ID=debian\nVERSION_CODENAME=bookworm\n')).toContain(' bookworm-backports main\n')
})

test('what is no release of Debian has none', () => {
  expect(() => backportsOf('ID=arch\n')).toThrow('backports')
})
