import { expect, test } from 'vitest'
import { layoutOf } from './layout.ts'
import { mentions, mountsBelow } from './leftovers.ts'

const mountinfo = `22 1 8:1 / / rw - ext4 /dev/vda rw
30 22 0:5 / /state/node1 rw - tmpfs tmpfs rw
31 30 0:6 / /state/node1/a\\040b rw - tmpfs tmpfs rw
32 22 0:7 / /state-of-another rw - tmpfs tmpfs rw
`

test('mounts below the state directory are found, the deepest first', () => {
  expect(mountsBelow('/state', mountinfo)).toEqual(['/state/node1/a b', '/state/node1'])
  expect(mountsBelow('/none', mountinfo)).toEqual([])
})

test('routes and rules of a cluster name one of its networks', () => {
  const layout = layoutOf(4)
  expect(mentions(layout, '10.100.2.0/24 via 10.224.4.12 dev fc4-host')).toBe(true)
  expect(mentions(layout, '10.164.0.0/16 via 10.224.4.2 dev fc4-host')).toBe(true)
  expect(mentions(layout, '-A X -d 10.224.4.0/24 -j ACCEPT')).toBe(true)
  expect(mentions(layout, '10.224.40.0/24 dev fc40-host')).toBe(false)
  expect(mentions(layout, 'default via 10.0.0.1 dev eth0')).toBe(false)
})
