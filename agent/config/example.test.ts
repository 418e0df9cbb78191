import { loadAll } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { catalog } from '../catalog.ts'
import type { CatalogKind } from '../catalog.ts'
import { exampleManifest } from './example.ts'
import { checkInput } from './input.ts'
import { readManifests } from './manifests.ts'

const all = (Object.keys(catalog) as CatalogKind[]).flatMap((kind) =>
  Object.keys(catalog[kind]).map((type) => ({ kind, type })),
)

describe.each(all)('the example of $kind.$type', ({ kind, type }) => {
  const text = exampleManifest(kind, type)

  it('is valid, with all that it needs', () => {
    const read = readManifests({ name: 'example.yaml', text })
    const input = { ...read, names: ['example.yaml'] }
    const inside = (_: string, source: object | undefined) =>
      source === undefined ? undefined : []
    expect(checkInput(input, inside)).toEqual([])
    expect(read.notes).toEqual([])
  })

  it('is of the component', () => {
    expect(JSON.stringify(loadAll(text))).toContain(`"${type}":`)
  })
})
