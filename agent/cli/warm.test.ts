import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FlumeProcess } from '../../test/cli/flume.ts'
import { catalog } from '../catalog.ts'
import { warm } from './warm.ts'

test('loads every component of the catalog', async () => {
  const components = Object.values(catalog).flatMap((kind) => Object.keys(kind))
  expect(await warm()).toBeGreaterThan(components.length)
})

test('the first start fills the compile cache, and later ones find all in it', async () => {
  const home = mkdtempSync(join(tmpdir(), 'flume-warm-'))
  try {
    const env = { XDG_CACHE_HOME: home, NODE_COMPILE_CACHE: '' }
    const start = async (...args: string[]) => (await new FlumeProcess(args, { env }).ended).code
    const cached = (): string[] =>
      readdirSync(home, { recursive: true, encoding: 'utf8' }).toSorted()
    expect(await start('version')).toBe(0)
    const before = cached()
    expect(before.some((name) => name.includes('warm-'))).toBe(true)
    expect(await start('components', 'tail')).toBe(0)
    expect(await start('validate', '-f', '/nowhere.yaml')).toBe(2)
    expect(cached()).toEqual(before)
  } finally {
    rmSync(home, { recursive: true })
  }
})
