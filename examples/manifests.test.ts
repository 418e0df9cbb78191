import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadAgents } from '../agent/config/load.ts'

const folders = ['manifests', 'plugins']

describe('the examples are valid', () => {
  const files = folders.flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder))
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join(folder, name)),
  )
  test.each(files)('%s', async (file) => {
    const { agents, problems } = await loadAgents([join(import.meta.dirname, file)], {})
    expect(problems).toEqual([])
    expect(agents.flatMap(({ flows }) => flows)).toHaveLength(1)
  })

  test('quickstart', async () => {
    const { agents, problems } = await loadAgents([join(import.meta.dirname, 'quickstart')], {})
    expect(problems).toEqual([])
    expect(agents.map(({ name, replicas }) => [name, replicas])).toEqual([
      ['edge', 1],
      ['hub', 2],
    ])
  })
})
