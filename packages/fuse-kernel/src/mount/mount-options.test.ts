import { MountError } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { parseMountOptions } from './mount-options.ts'

test('options of mount(8)', () => {
  expect(parseMountOptions('')).toEqual({
    readOnly: false,
    allowOther: false,
    extraOptions: [],
    ownOptions: new Map(),
  })
  expect(parseMountOptions('ro,allow_other,default_permissions,noatime')).toEqual({
    readOnly: true,
    allowOther: true,
    extraOptions: ['default_permissions', 'noatime'],
    ownOptions: new Map(),
  })
})

test("the program's own options go neither to the kernel nor are they refused; of several the last counts", () => {
  const { extraOptions, ownOptions } = parseMountOptions('noatime,speed=1,speed=a=b', ['speed'])
  expect(extraOptions).toEqual(['noatime'])
  expect(ownOptions).toEqual(new Map([['speed', 'a=b']]))
  expect(() => parseMountOptions('speed', ['speed'])).toThrow(MountError)
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
