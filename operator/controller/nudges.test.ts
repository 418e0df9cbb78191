import { describe, expect, test } from 'vitest'
import { deliver } from '../../agent/config/delivered.ts'
import { flow, report } from '../../test/operator/objects.ts'
import { ManualClock } from '../../test/sim/clock.ts'
import { Nudges, isBehind } from './nudges.ts'

test('a pod is nudged at once, and again after 2, 4, 8 … s, at last once a minute', () => {
  const clock = new ManualClock()
  const nudges = new Nudges(clock)
  const waits: number[] = []
  let value: string | undefined
  for (let i = 0; i < 8; i++) {
    const next = nudges.next('uid', 'hash', value)
    expect(next).toEqual({ value: i === 0 ? 'hash' : `hash-${i + 1}` })
    value = (next as { value: string }).value
    const { waitMs } = nudges.next('uid', 'hash', value) as { waitMs: number }
    waits.push(waitMs)
    clock.advance(waitMs)
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000))
})

test('another configuration begins anew, and what the pod says already is never repeated', () => {
  const nudges = new Nudges(new ManualClock())
  nudges.next('uid', 'a', undefined)
  expect(nudges.next('uid', 'b', 'a')).toEqual({ value: 'b' })
  nudges.forget('uid')
  // After a start of the operator, which remembers nothing.
  expect(nudges.next('uid', 'b', 'b')).toEqual({ value: 'b-2' })
  nudges.forget('uid')
  expect(nudges.next('uid', 'b', 'b-9')).toEqual({ value: 'b-10' })
})

describe('an agent is behind', () => {
  const web = deliver(flow('web'), { generation: 1, hops: {} })
  const delivered = new Map([['web', web]])

  test('that has not looked at the newest version, or at a flow that is gone', () => {
    expect(isBehind(report({ hash: 'old' }), delivered)).toBe(true)
    expect(isBehind(report(), delivered)).toBe(true)
    expect(isBehind(report({ hash: web.hash }), delivered)).toBe(false)
    expect(isBehind(report({ hash: web.hash, result: 'refused' }), delivered)).toBe(false)
    expect(isBehind(report({ hash: web.hash }, { flow: 'old', hash: 'x' }), delivered)).toBe(true)
  })

  test('that waits for a Secret', () => {
    const missingSecrets = [{ secret: 'a', key: 'b' }]
    expect(isBehind(report({ hash: web.hash, missingSecrets }), delivered)).toBe(true)
  })

  test('but not one that was never asked', () => {
    expect(isBehind(undefined, delivered)).toBe(false)
    expect(isBehind({ ...report(), known: false }, delivered)).toBe(false)
  })
})
