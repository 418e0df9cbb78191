import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GO_FOLDER, GO_MODULES, buildArgs, hashOfModules, outputName } from './go-modules.ts'

test.each(GO_MODULES)('go.mod of $name pins the versions that are named', ({ name, pins }) => {
  const mod = readFileSync(join(GO_FOLDER, name, 'go.mod'), 'utf8')
  for (const [path, version] of Object.entries(pins)) expect(mod).toContain(`${path} ${version}`)
})

test('a build takes exactly what is pinned', () => {
  for (const module of GO_MODULES) expect(buildArgs(module, '/bin')).toContain('-mod=readonly')
})

test('the file of a program is found under the name that Go gives it', () => {
  const named = (name: string) => GO_MODULES.find((module) => module.name === name)!
  expect(outputName(named('etcd'), 'go.etcd.io/etcd/server/v3')).toBe('server')
  expect(outputName(named('kubernetes'), 'k8s.io/kubernetes/cmd/kubelet')).toBe('kubelet')
  expect(outputName(named('coredns'), '.')).toBe('coredns')
})

test('a change of any pinned file is another hash', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flume-go-modules-'))
  try {
    cpSync(GO_FOLDER, folder, { recursive: true })
    const before = hashOfModules(folder)
    expect(before).toBe(hashOfModules())
    writeFileSync(join(folder, 'pause', 'main.go'), 'package main')
    expect(hashOfModules(folder)).not.toBe(before)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
