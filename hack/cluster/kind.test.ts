import { expect, test } from 'vitest'
import { clusterName } from './kind.ts'
import { kindConfig } from './kind-config.ts'

test('a control plane and so many workers, each in a zone of its own', () => {
  const { nodes } = kindConfig(2) as { nodes: { role: string; labels?: object }[] }
  expect(nodes.map((node) => node.role)).toEqual(['control-plane', 'worker', 'worker'])
  expect(nodes.map((node) => node.labels).slice(1)).toEqual([
    { 'topology.kubernetes.io/zone': 'zone1' },
    { 'topology.kubernetes.io/zone': 'zone2' },
  ])
})

test('two state directories are two clusters', () => {
  expect(clusterName('/a')).toMatch(/^flume-[0-9a-f]{8}$/)
  expect(clusterName('/a')).not.toBe(clusterName('/b'))
})
