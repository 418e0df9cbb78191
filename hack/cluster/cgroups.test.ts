import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cgroupRoots, makeCgroups } from './cgroups.ts'

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

test('in version 1 a group begins with the processors and the memory of the one above', () => {
  mkdirSync(join(mount, 'cpuset'))
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    writeFileSync(join(mount, 'cpuset', name), '0-1')
    mkdirSync(join(mount, 'cpuset', 'fc1', 'node1'), { recursive: true })
    writeFileSync(join(mount, 'cpuset', 'fc1', name), '\n')
  }
  makeCgroups('fc1/node1', mount)
  expect(readFileSync(join(mount, 'cpuset', 'fc1', 'cpuset.mems'), 'utf8')).toBe('0-1')
})

test('in version 2 controllers are handed down to the node', () => {
  writeFileSync(join(mount, 'cgroup.controllers'), 'cpu memory\n')
  writeFileSync(join(mount, 'cgroup.subtree_control'), '')
  makeCgroups('fc1/node1', mount)
  expect(readFileSync(join(mount, 'cgroup.subtree_control'), 'utf8')).toBe('+cpu +memory')
  expect(existsSync(join(mount, 'fc1', 'node1'))).toBe(true)
})
