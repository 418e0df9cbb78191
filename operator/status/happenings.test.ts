import { expect, test } from 'vitest'
import { NOW } from '../../test/operator/objects.ts'
import type { Condition } from '../api/types.ts'
import { happenings } from './happenings.ts'

const condition = (
  type: Condition['type'],
  status: Condition['status'],
  reason: Condition['reason'],
  message = 'why',
): Condition => ({ type, status, reason, message, lastTransitionTime: NOW })
const told = (before: readonly Condition[], after: readonly Condition[]) =>
  happenings(before, after).map(({ type, reason }) => `${type} ${reason}`)

test('what is wrong is told once, and that it is right again', () => {
  const bad = [condition('Accepted', 'False', 'Invalid')]
  const good = [condition('Accepted', 'True', 'Accepted')]
  expect(told([], bad)).toEqual(['Warning Invalid'])
  expect(told(bad, bad)).toEqual([])
  expect(told(bad, [condition('Accepted', 'False', 'PortConflict')])).toEqual([
    'Warning PortConflict',
  ])
  expect(told(bad, good)).toEqual(['Normal Accepted'])
  expect(told([], good)).toEqual([])
})

test('Degraded is wrong when it is True', () => {
  const bad = [condition('Degraded', 'True', 'PodsFailing')]
  const good = [condition('Degraded', 'False', 'AsExpected', '')]
  expect(told([], good)).toEqual([])
  expect(told(good, bad)).toEqual(['Warning PodsFailing'])
  expect(happenings(bad, good)).toEqual([
    { type: 'Normal', reason: 'AsExpected', action: 'Degraded', note: 'Degraded is False' },
  ])
})

test('a rollout and a pause are told both ways', () => {
  const rolling = [condition('Progressing', 'True', 'RollingOut')]
  expect(told([], rolling)).toEqual(['Normal RollingOut'])
  expect(told(rolling, [condition('Progressing', 'False', 'UpToDate')])).toEqual([
    'Normal UpToDate',
  ])
  expect(told(rolling, [condition('Progressing', 'False', 'Stalled')])).toEqual(['Warning Stalled'])
  expect(told([], [condition('Paused', 'False', 'NotPaused')])).toEqual([])
})

test('what only waits, or repeats what another condition said, is not told', () => {
  expect(told([], [condition('Programmed', 'False', 'Pending')])).toEqual([])
  expect(told([], [condition('Ready', 'False', 'NotReady')])).toEqual([])
  expect(told([], [condition('Programmed', 'Unknown', 'AgentsUnreachable')])).toEqual([])
  expect(told([], [condition('Programmed', 'True', 'Programmed')])).toEqual(['Normal Programmed'])
})
