import { expect, test } from 'vitest'
import { pod, statefulSet } from '../../test/operator/objects.ts'
import type { Pod } from '../api/live.ts'
import { failureOf, isReady, isUpdated, ordinalOf } from './pods.ts'

test('a pod that leaves is not ready', () => {
  expect(
    [pod('hub', 0), pod('hub', 0, { ready: false }), pod('hub', 0, { leaving: true })].map(isReady),
  ).toEqual([true, false, false])
})

test('the newest template is that of the update revision', () => {
  expect(isUpdated(pod('hub', 0), statefulSet('hub'))).toBe(true)
  expect(isUpdated(pod('hub', 0, { revision: 'old' }), statefulSet('hub'))).toBe(false)
  expect(isUpdated(pod('hub', 0), undefined)).toBe(false)
})

test('a pod says its number by its name', () => {
  expect(ordinalOf(pod('hub-1', 12))).toBe(12)
})

test('what does not pass by waiting is a failure', () => {
  expect(failureOf(pod('hub', 1, { waiting: 'ImagePullBackOff' }))).toBe('hub-1: ImagePullBackOff')
  expect(failureOf(pod('hub', 1, { waiting: 'ContainerCreating' }))).toBeUndefined()
  expect(failureOf(pod('hub', 1, { waiting: 'ErrImagePull', leaving: true }))).toBeUndefined()
  const stuck = (status: Pod['status']): Pod => ({ ...pod('hub', 0), status: status! })
  const unschedulable = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: 'no node',
  }
  expect(failureOf(stuck({ conditions: [unschedulable] }))).toBe('hub-0: Unschedulable (no node)')
  expect(failureOf(stuck({ phase: 'Failed', reason: 'Evicted' }))).toBe('hub-0: Evicted')
})

test('a back-off that grows is the same failure', () => {
  const waits = (message: string): Pod => ({
    ...pod('hub', 0),
    status: {
      containerStatuses: [
        { name: 'agent', state: { waiting: { reason: 'CrashLoopBackOff', message } } },
      ],
    },
  })
  expect(failureOf(waits('back-off 10s restarting failed container'))).toBe(
    failureOf(waits('back-off 5m0s restarting failed container')),
  )
})
