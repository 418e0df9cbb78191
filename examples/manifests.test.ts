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

  test.each([
    ['first-flow.yaml', ['events']],
    ['hub-and-edge.yaml', ['edge', 'hub']],
    ['tls.yaml', ['secure']],
  ])('kubernetes/%s', async (file, pools) => {
    const path = join(import.meta.dirname, 'kubernetes', file)
    const { agents, problems } = await loadAgents([path], {})
    expect(problems).toEqual([])
    expect(agents.map(({ name }) => name).sort()).toEqual(pools)
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
