import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cgroupRoots } from './cgroups.ts'

let mount: string
beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'flume-cgroups-'))
})
afterEach(() => {
  rmSync(mount, { recursive: true })
})

test('version 1 has a tree for each controller, version 2 one for all', () => {
  for (const name of ['cpu', 'memory']) mkdirSync(join(mount, name))
  expect(cgroupRoots(mount).sort()).toEqual([join(mount, 'cpu'), join(mount, 'memory')])
  writeFileSync(join(mount, 'cgroup.controllers'), 'cpu memory')
  expect(cgroupRoots(mount)).toEqual([mount])
})
