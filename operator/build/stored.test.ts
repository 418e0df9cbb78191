import { expect, test } from 'vitest'
import { deliver, deliveredData } from '../../agent/config/delivered.ts'
import { flow } from '../../test/operator/objects.ts'
import { configMapOf, storedFlows } from './stored.ts'

const web = deliver(flow('web'), { generation: 3, hops: {} })
const configMap = (data: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'hub-config' },
  data,
})

test('the versions in a ConfigMap come back', () => {
  expect([...storedFlows(configMap(deliveredData('hub', [web])))]).toEqual([['web', web]])
  expect(storedFlows(undefined).size).toBe(0)
})

test('what cannot be read, or is under the key of another, is none', () => {
  const data = deliveredData('hub', [web])
  const { 'flow.web.json': text = '' } = data
  const others = { 'flow.other.json': text, 'flow.bad.json': '{', 'notes.txt': 'x' }
  expect([...storedFlows(configMap({ ...data, ...others })).keys()]).toEqual(['web'])
  expect(storedFlows(configMap({ 'flow.web.json': text.replace('4141', '4142') })).size).toBe(0)
})

test('it is found among the objects of a pool', () => {
  const found = configMap({})
  expect(configMapOf({ objects: [flow('web'), found] })).toBe(found)
})
