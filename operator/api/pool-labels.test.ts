import { expect, test } from 'vitest'
import { MANAGED_SELECTOR, formatSelector, poolLabels, selectorLabels } from './pool-labels.ts'

test('the selector is among the labels, and has nothing that changes', () => {
  const labels = poolLabels('hub', 'uid')
  expect(labels).toMatchObject(selectorLabels('hub'))
  expect(Object.values(selectorLabels('hub'))).not.toContain('uid')
})

test('selectors are written as the API server reads them', () => {
  expect(formatSelector({ a: '1', 'b/c': '2' })).toBe('a=1,b/c=2')
  expect(MANAGED_SELECTOR).toBe(
    'app.kubernetes.io/name=flume-agent,app.kubernetes.io/managed-by=flume-operator',
  )
})
