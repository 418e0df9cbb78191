import { expect, test } from 'vitest'
import type { Act, Round, WantedPool } from './acts.ts'
import type { Deleted } from './deletions.ts'
import { unwanted } from './unwanted.ts'

const POOL: WantedPool = { replicas: 3, image: 'old', isPaused: false }

function round(after: Partial<WantedPool>, acts: readonly Partial<Act>[] = []): Round {
  const wanted = (pool: WantedPool) => ({ pools: new Map([['hub', pool]]), flows: new Map() })
  const all = acts.map((act) => ({
    text: '',
    pool: 'hub',
    removes: false,
    run: async () => {},
    ...act,
  }))
  return { before: wanted(POOL), after: wanted({ ...POOL, ...after }), acts: all }
}

function gone(kind: string, name: string, image = 'old'): Deleted {
  const object = { apiVersion: 'v1', kind, metadata: { name }, spec: { containers: [{ image }] } }
  return { kind, name, uid: 'u', object }
}

test('a pod may go for another image, once, and where the pool gets smaller', () => {
  const pod = gone('Pod', 'hub-1')
  expect(unwanted(round({ image: 'new' }), [pod])).toEqual([])
  expect(unwanted(round({ replicas: 1 }), [pod])).toEqual([])
  expect(unwanted(round({ replicas: 2 }), [pod])).toHaveLength(1)
  expect(unwanted(round({ image: 'new' }), [pod, pod])).toHaveLength(1)
  expect(unwanted(round({ image: 'new' }), [gone('Pod', 'hub-1', 'new')])).toHaveLength(1)
})

test('nothing of a pool that is paused may go', () => {
  const change = { image: 'new', replicas: 1, isPaused: true }
  expect(unwanted(round(change), [gone('Pod', 'hub-2')])).toEqual([
    'Pod hub-2 (u) was deleted: its pool is paused',
  ])
})

test('a StatefulSet goes with its pool alone, a claim never', () => {
  const all = [gone('StatefulSet', 'hub'), gone('Pod', 'hub-0')]
  expect(unwanted(round({}, [{ removes: true }]), all)).toEqual([])
  expect(unwanted(round({ image: 'new' }, [{}]), all)).toHaveLength(1)
  const claim = gone('PersistentVolumeClaim', 'data-hub-0')
  expect(unwanted(round({}, [{ removes: true }]), [claim])).toHaveLength(1)
})
