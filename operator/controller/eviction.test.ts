import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pod, statefulSet } from '../../test/operator/objects.ts'
import type { Pod } from '../api/live.ts'
import { isReady, isUpdated, ordinalOf } from '../status/pods.ts'
import { nextStep } from './eviction.ts'

const three = statefulSet('hub', { replicas: 3 })
const old = { revision: 'old' }
const next = (...pods: readonly Pod[]) => {
  const step = nextStep(three, pods)
  return step.step === 'evict' ? `evict ${step.pod.metadata.name} ${step.takesDown}` : step
}

describe('the next pod to go', () => {
  test('is the highest one with an old template, while all others are ready', () => {
    expect(next(pod('hub', 0, old), pod('hub', 2), pod('hub', 1, old))).toBe('evict hub-1 true')
    expect(next(pod('hub', 0), pod('hub', 1), pod('hub', 2))).toEqual({ step: 'none' })
  })

  test('waits for one that comes up, is missing or leaves', () => {
    const wait = { step: 'wait', stalled: undefined, isBegun: true }
    expect(next(pod('hub', 0, old), pod('hub', 1, old), pod('hub', 2, { ready: false }))).toEqual(
      wait,
    )
    expect(next(pod('hub', 0, old), pod('hub', 1, old))).toEqual({ ...wait, isBegun: false })
    expect(next(pod('hub', 0, old), pod('hub', 1, old), pod('hub', 2, { leaving: true }))).toEqual(
      wait,
    )
  })

  test('is none after one that cannot start', () => {
    expect(
      next(
        pod('hub', 0, old),
        pod('hub', 1, old),
        pod('hub', 2, { ready: false, waiting: 'ErrImagePull' }),
      ),
    ).toEqual({
      step: 'wait',
      stalled: 'the others are left alone while hub-2: ErrImagePull',
      isBegun: true,
    })
  })

  test('is one that serves nothing first, whatever the others do', () => {
    expect(
      next(pod('hub', 0, old), pod('hub', 1, { ...old, ready: false }), pod('hub', 2, old)),
    ).toBe('evict hub-1 false')
    expect(
      next(pod('hub', 0, { ...old, ready: false }), pod('hub', 1, { ...old, ready: false })),
    ).toBe('evict hub-1 false')
  })

  test('is none as long as Kubernetes has not looked at the template', () => {
    const unseen = { ...three, metadata: { ...three.metadata, generation: 2 } }
    expect(nextStep(unseen, [pod('hub', 0, old)])).toEqual({ step: 'none' })
    expect(nextStep(undefined, [])).toEqual({ step: 'none' })
  })

  test('is none that is to be removed anyway', () => {
    expect(next(pod('hub', 0), pod('hub', 1), pod('hub', 2), pod('hub', 3, old))).toEqual({
      step: 'none',
    })
  })
})

test('never is a ready pod taken down while another one is away, and a rollout ends', () => {
  const states = fc.array(
    fc.record({ ready: fc.boolean(), revision: fc.constantFrom('old', 'new') }),
    { minLength: 3, maxLength: 3 },
  )
  fc.assert(
    fc.property(states, (each) => {
      let pods = each.map((state, i) => pod('hub', i, state))
      for (let i = 0; i < 10; i++) {
        const step = nextStep(three, pods)
        if (step.step === 'none') break
        if (step.step === 'evict') {
          const others = pods.filter((one) => one !== step.pod)
          if (isReady(step.pod)) expect(others.every(isReady)).toBe(true)
          pods = [...others, pod('hub', ordinalOf(step.pod), { ready: false })]
        } else pods = pods.map((one) => (isUpdated(one, three) ? pod('hub', ordinalOf(one)) : one))
      }
      expect(pods.every((one) => isUpdated(one, three))).toBe(true)
    }),
  )
})
