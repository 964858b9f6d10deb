import { MountError } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { parseMountOptions } from './mount-options.ts'

test('options of mount(8)', () => {
  expect(parseMountOptions('')).toEqual({ readOnly: false, allowOther: false, extraOptions: [] })
  expect(parseMountOptions('ro,allow_other,default_permissions,noatime')).toEqual({
    readOnly: true,
    allowOther: true,
    extraOptions: ['default_permissions', 'noatime'],
  })
})

test('of ro and rw the last counts; empty parts do not', () => {
  expect(parseMountOptions('ro,,rw,').readOnly).toBe(false)
  expect(parseMountOptions('rw,ro').readOnly).toBe(true)
})

test('options of fstab(5) for other programs are left out', () => {
  expect(
    parseMountOptions('defaults,noauto,user,_netdev,nofail,x-systemd.automount,comment=a\\,b').extraOptions,
  ).toEqual([])
})

test.each([
  'nonsense',
  'noatime=1',
  'fd=0',
  'rootmode=0',
  'user_id=5',
  'max_read=1',
  'fsname=x',
  'a\\,ro',
  '\\',
])('%s is refused', (option) => {
  const error = (() => {
    try {
      parseMountOptions(`ro,${option}`)
    } catch (caught) {
      return caught
    }
    return undefined
  })()
  expect(error).toBeInstanceOf(MountError)
  expect(error).toMatchObject({ errno: 'EINVAL' })
})
