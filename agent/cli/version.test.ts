import { expect, test } from 'vitest'
import { formatVersion, productVersion } from './version.ts'

test('the version is that of package.json, with what runs it', () => {
  expect(productVersion()).toMatch(/^\d+\.\d+\.\d+/)
  expect(formatVersion('text')).toContain(`flume-operator ${productVersion()} (Node `)
  expect(JSON.parse(formatVersion('json'))).toMatchObject({ version: productVersion() })
})
