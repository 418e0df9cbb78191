import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { needsControlPlane } from '../../test/cluster/needs.ts'
import { startControlPlane } from './control-plane.ts'
import type { ControlPlane } from './control-plane.ts'
import { startTime } from './daemon.ts'
import { Kubectl } from './kubectl.ts'
import { until } from './until.ts'

let directory: string
let plane: ControlPlane | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-control-plane-'))
})
afterEach(async () => {
  await plane?.stop()
  rmSync(directory, { recursive: true })
})

const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kept', namespace: 'default' },
  data: { key: 'value' },
}

test('an API server that is killed has its objects when it is back at the same address', async (context) => {
  const kubectl = new Kubectl(
    join(needsControlPlane(context), 'kubectl'),
    join(directory, 'admin.kubeconfig'),
  )
  plane = await startControlPlane({ directory })
  await kubectl.apply([configMap])
  await plane.killApiServer()
  await expect(kubectl.run(['get', 'namespaces'])).rejects.toThrow(/refused/)
  await plane.startApiServer()
  const found = await kubectl.json<typeof configMap>('get', 'configmap', 'kept')
  expect(found.data).toEqual({ key: 'value' })
})

test('killed and started at once, again and again, it finds its port free', async (context) => {
  needsControlPlane(context)
  plane = await startControlPlane({ directory })
  for (let round = 0; round < 5; round += 1) {
    await plane.killApiServer()
    await plane.startApiServer()
  }
})

test('access is by roles: an account without any may nothing', async (context) => {
  const bin = needsControlPlane(context)
  plane = await startControlPlane({ directory })
  const kubectl = new Kubectl(join(bin, 'kubectl'), plane.kubeconfig)
  const can = async (...args: string[]): Promise<string> =>
    kubectl.run(['auth', 'can-i', ...args]).catch((error: Error) => error.message)
  const as = '--as=system:serviceaccount:default:nobody'
  expect(await can('get', 'secrets', as)).toContain('no')
  expect(await can('get', 'secrets')).toContain('yes')
})

test('with the controller manager, a StatefulSet makes pods and a namespace ends', async (context) => {
  const bin = needsControlPlane(context)
  plane = await startControlPlane({ directory, kcm: true })
  const kubectl = new Kubectl(join(bin, 'kubectl'), plane.kubeconfig)
  await kubectl.run(['create', 'namespace', 'app'])
  const labels = { app: 'a' }
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'c', image: 'none' }] },
  }
  await kubectl.apply([
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'set', namespace: 'app' },
      spec: { serviceName: 'set', selector: { matchLabels: labels }, template },
    },
  ])
  await until('the pod of the StatefulSet', 30, async () =>
    (await kubectl.run(['get', 'pods', '-n', 'app'])).includes('set-0'),
  )
  await kubectl.run(['delete', 'statefulset', 'set', '-n', 'app'])
  await kubectl.run(['delete', 'pod', '--all', '-n', 'app', '--force', '--grace-period=0'])
  await kubectl.run(['delete', 'namespace', 'app', '--timeout=60s'])
})

test('no process is left after a stop', async (context) => {
  needsControlPlane(context)
  plane = await startControlPlane({ directory })
  const pids = ['etcd', 'apiserver'].map((name) => {
    const [pid] = readFileSync(join(directory, 'run', `${name}.pid`), 'utf8').split(' ')
    return Number(pid)
  })
  expect(pids.map(startTime)).not.toContain(undefined)
  await plane.stop()
  expect(pids.map(startTime)).toEqual([undefined, undefined])
})

test('arguments of the API server that it does not know end the start, with its own words', async (context) => {
  needsControlPlane(context)
  const start = startControlPlane({ directory, apiServerArgs: ['--no-such-flag'] })
  await expect(start).rejects.toThrow(/unknown flag: --no-such-flag/)
})
