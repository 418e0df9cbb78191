import { expect, test } from 'vitest'
import { statefulSet } from '../../test/operator/objects.ts'
import { RESOURCES } from '../kube/resources.ts'
import { describeObject, typeOf } from './context.ts'

test('the kinds of a pool are known', () => {
  expect(typeOf('StatefulSet')).toBe(RESOURCES.statefulSets)
  expect(() => typeOf('Secret')).toThrow('no pool has a Secret')
  expect(describeObject(statefulSet('hub'))).toBe('StatefulSet hub')
})
