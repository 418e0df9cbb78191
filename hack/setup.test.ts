import { expect, test } from 'vitest'
import { setupFolder, usage } from './setup.ts'

test('everything goes below the cache folder of the user', () => {
  expect(setupFolder({ XDG_CACHE_HOME: '/c', HOME: '/h' })).toBe('/c/flume-operator')
  expect(setupFolder({ HOME: '/h' })).toBe('/h/.cache/flume-operator')
  expect(setupFolder({ XDG_CACHE_HOME: '', HOME: '/h' })).toBe('/h/.cache/flume-operator')
})

test('an unknown name is answered with those there are', () => {
  expect(usage(['hdfs'])).toMatch(/Nothing to set up under: hdfs\..*\n.*\n {2}flume {3}the real/)
  expect(usage([])).not.toContain('Nothing')
})
