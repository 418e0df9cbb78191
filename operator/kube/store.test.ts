import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Store } from './store.ts'
import type { Change } from './store.ts'
import { keyOf } from './types.ts'

function object(name: string, version: number, more: { uid?: string; namespace?: string } = {}) {
  const { uid = `uid-${name}`, namespace = 'logs' } = more
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, uid, resourceVersion: String(version) },
    groups: [`v${version % 3}`],
  }
}
type Thing = ReturnType<typeof object>

function storeOf() {
  const changes: string[] = []
  const tell = ({ type, object: now, old }: Change<Thing>): void => {
    const versions = `${old?.metadata.resourceVersion ?? '-'}→${now.metadata.resourceVersion}`
    changes.push(`${type} ${now.metadata.name} ${versions}`)
  }
  const store = new Store<Thing>({ group: (each) => each.groups }, tell)
  return { store, told: () => changes.splice(0) }
}

test('each change is told with the state before', () => {
  const { store, told } = storeOf()
  store.put(object('a', 1))
  store.put(object('a', 2))
  store.delete(object('a', 3))
  expect(told()).toEqual(['added a -→1', 'updated a 1→2', 'deleted a 2→3'])
  expect(store.size).toBe(0)
})

test('the same version is no change, nor is the deletion of what is not there', () => {
  const { store, told } = storeOf()
  store.put(object('a', 1))
  store.put(object('a', 1))
  store.delete(object('b', 2))
  expect(told()).toEqual(['added a -→1'])
})

test('what a new list lacks is told as deleted, in its last known state', () => {
  const { store, told } = storeOf()
  store.replace([object('a', 1), object('b', 2)])
  told()
  store.replace([object('b', 2), object('c', 4)])
  expect(told()).toEqual(['deleted a 1→1', 'added c -→4'])
})

test('the list of one namespace says nothing about others', () => {
  const { store, told } = storeOf()
  store.replace([object('a', 1, { namespace: 'x' })], 'x')
  store.replace([object('b', 2, { namespace: 'y' })], 'y')
  told()
  store.replace([], 'x')
  expect(told()).toEqual(['deleted a 1→1'])
  expect(store.get('y/b')).toBeDefined()
})

test('another object of the same name is a deletion and a creation', () => {
  const { store, told } = storeOf()
  store.put(object('a', 1, { uid: 'first' }))
  store.put(object('a', 5, { uid: 'second' }))
  expect(told()).toEqual(['added a -→1', 'deleted a 1→1', 'added a -→5'])
})

test('an index that does not exist is a mistake of ours', () => {
  expect(() => storeOf().store.byIndex('nope', 'x')).toThrow('there is no index "nope"')
})

test('after any sequence of changes the indexes find what a search through all finds', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), name }),
    fc.record({ kind: fc.constant('delete' as const), name }),
    fc.record({ kind: fc.constant('replace' as const), names: fc.uniqueArray(name) }),
  )
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const mirror = new Map<string, Thing>()
      const store = new Store<Thing>({ group: (each) => each.groups }, ({ type, object: now }) => {
        const key = keyOf(now.metadata)
        if (type === 'deleted') mirror.delete(key)
        else mirror.set(key, now)
      })
      let version = 0
      for (const each of steps) {
        version++
        if (each.kind === 'put') store.put(object(each.name, version))
        else if (each.kind === 'delete') store.delete(object(each.name, version))
        else store.replace(each.names.map((every) => object(every, version)))
        expect(new Map(store.list().map((one) => [keyOf(one.metadata), one]))).toEqual(mirror)
        for (const group of ['v0', 'v1', 'v2']) {
          const wanted = store.list().filter((one) => one.groups.includes(group))
          expect(new Set(store.byIndex('group', group))).toEqual(new Set(wanted))
        }
      }
    }),
  )
})
