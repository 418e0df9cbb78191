import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashOfRecipe } from './cluster/base-images.ts'
import { GO_MODULES, hashOfModules } from './cluster/go-modules.ts'
import { installedCluster } from './cluster.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-cluster-setup-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

test('a setup is complete when every program and the images are there, and not before', () => {
  const place = join(folder, hashOfModules())
  const names = GO_MODULES.flatMap((module) => Object.keys(module.programs))
  const files = [
    ...names.map((name) => join(place, 'bin', name)),
    join(place, `images-${hashOfRecipe()}.tar`),
  ]
  for (const file of files) {
    expect(installedCluster(folder)).toBeUndefined()
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '')
  }
  expect(installedCluster(folder)?.bin).toBe(join(place, 'bin'))
  expect(readdirSync(join(place, 'bin'))).toHaveLength(11)
})
