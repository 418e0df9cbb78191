import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { flumeJars, hashOf, mavenArgs } from './flume.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-setup-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

test('a folder without the mark of a complete install holds no Flume', () => {
  expect(flumeJars(folder)).toBeUndefined()
  expect(flumeJars(join(folder, 'none'))).toBeUndefined()
})

test('an install is complete for the pom it was made from, and for no other', () => {
  writeFileSync(join(folder, '.complete'), hashOf('<project>1</project>'))
  expect(flumeJars(folder, '<project>1</project>')).toBe(join(folder, 'lib'))
  expect(flumeJars(folder, '<project>2</project>')).toBeUndefined()
})

test('Maven is told where the jars go', () => {
  const args = mavenArgs('/x/pom.xml', '/y/lib')
  expect(args).toContain('-DoutputDirectory=/y/lib')
  expect(args.slice(args.indexOf('--file'), args.indexOf('--file') + 2)).toEqual([
    '--file',
    '/x/pom.xml',
  ])
})
