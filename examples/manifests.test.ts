import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfiguration } from '../agent/config/load.ts'

const folders = ['manifests', 'plugins', 'quickstart']

describe('the examples are valid', () => {
  const files = folders.flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder))
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join(folder, name)),
  )
  test.each(files)('%s', async (file) => {
    const { plan, problems } = await loadConfiguration([join(import.meta.dirname, file)], {})
    expect(problems).toEqual([])
    expect(plan?.flows).toHaveLength(1)
  })
})
