import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { environmentOf, shellLines } from './environment.ts'

const cluster = { kubeconfig: "/it's here/admin.kubeconfig" }

test('helm keeps its files with the cluster', () => {
  expect(environmentOf(cluster)).toMatchObject({
    KUBECONFIG: "/it's here/admin.kubeconfig",
    HELM_DATA_HOME: "/it's here/helm/data",
  })
})

test('a shell takes the lines as they are meant', () => {
  const script = `${shellLines(cluster)}\nprintf %s "$KUBECONFIG"`
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(cluster.kubeconfig)
})
