import { expect, test } from 'vitest'
import { podName, poolNames, serviceNames } from './names.ts'

test('the objects of a pool begin with its name', () => {
  expect(poolNames('hub')).toEqual({
    statefulSet: 'hub',
    podsService: 'hub-pods',
    readyService: 'hub-ready',
    configMap: 'hub-config',
    serviceAccount: 'hub',
    disruptionBudget: 'hub',
  })
  expect(podName('hub', 2)).toBe('hub-2')
})

test('a Service says which source it leads to', () => {
  expect(serviceNames('hub', [{ flow: 'web-logs', source: 'in' }])).toEqual(['hub-web-logs-in'])
})

test('a name that is too long ends with a hash, the same each time', () => {
  const long = { flow: 'f'.repeat(40), source: 's'.repeat(63) }
  const [name] = serviceNames('hub', [long])
  expect(name).toMatch(/^hub-f{40}-s{9}-[0-9a-f]{8}$/)
  expect(name).toHaveLength(63)
  expect(serviceNames('hub', [long])).toEqual([name])
  expect(serviceNames('hub', [{ ...long, source: 's'.repeat(62) }])).not.toEqual([name])
})

test('a cut never leaves a dash before the hash', () => {
  const [name] = serviceNames('hub', [{ flow: 'f'.repeat(49), source: '0'.repeat(20) }])
  expect(name).toMatch(/^hub-f{49}-[0-9a-f]{8}$/)
})

test('two sources never share a Service', () => {
  const sources = [
    { flow: 'a', source: 'b-c' },
    { flow: 'a-b', source: 'c' },
  ]
  const names = serviceNames('hub', sources)
  expect(names[0]).toBe('hub-a-b-c')
  expect(names[1]).toMatch(/^hub-a-b-c-[0-9a-f]{8}$/)
})

test('a source cannot take the name of a Service that another pool needs', () => {
  const [name] = serviceNames('hub', [{ flow: 'x', source: 'ready' }])
  expect(name).not.toBe(poolNames('hub-x').readyService)
})
