import { expect, test } from 'vitest'
import { configVolume, mergeSecrets } from './volumes.ts'

test('each Secret and each key once, in a fixed order', () => {
  const merged = mergeSecrets([
    { secret: 'b', keys: ['y'] },
    { secret: 'a', keys: ['x'] },
    { secret: 'b', keys: ['z', 'y'] },
  ])
  expect(merged).toEqual([
    { secret: 'a', keys: ['x'] },
    { secret: 'b', keys: ['y', 'z'] },
  ])
})

test('the ConfigMap lies at the root without naming its keys', () => {
  expect(configVolume('hub', [])).toEqual({
    name: 'config',
    projected: {
      defaultMode: 288,
      sources: [{ configMap: { name: 'hub-config', optional: true } }],
    },
  })
})
