import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { binaries } from '../../hack/cluster/binaries.ts'
import { Kubectl } from '../../hack/cluster/kubectl.ts'
import { layoutOf } from '../../hack/cluster/layout.ts'
import { leftovers } from '../../hack/cluster/leftovers.ts'
import { attachLocal, cannotRun, localProvider } from '../../hack/cluster/local.ts'
import { markedProcesses } from '../../hack/cluster/processes.ts'
import type { Cluster } from '../../hack/cluster/provider.ts'
import { readRecord } from '../../hack/cluster/record.ts'
import { until } from '../../hack/cluster/until.ts'
import { SHELL_IMAGE } from '../../hack/setup/cluster/base-images.ts'
import { needsCluster } from './needs.ts'

/** The tests stand on each other's shoulders: the cluster of the first is that of all. */
let folder: string
let directory: string
let cluster: Cluster
let kubectl: Kubectl
const steps: string[] = []

const WAIT_SECONDS = 90

beforeAll(async () => {
  if (cannotRun() !== undefined) return
  folder = mkdtempSync(join(tmpdir(), 'flume-cluster-'))
  directory = join(folder, 'state')
  cluster = await up(directory, 2)
  kubectl = new Kubectl(join(binaries()!, 'kubectl'), cluster.kubeconfig)
})
beforeEach((context) => {
  needsCluster(context)
})
afterAll(async () => {
  if (folder === undefined) return
  for (const name of ['state', 'second']) await localProvider.down(join(folder, name))
  rmSync(folder, { recursive: true })
})

async function up(state: string, nodes: number): Promise<Cluster> {
  return localProvider.up({ directory: state, nodes, say: (step) => steps.push(step) })
}

const labels = { app: 'keeper' }

/** A StatefulSet whose pod appends to a file on its volume each time it starts. */
function keeper(node: string): object[] {
  const script = 'echo started >> /data/starts; exec sleep 1000000'
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'keeper' },
      spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'keeper' },
      spec: {
        serviceName: 'keeper',
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 0,
            nodeSelector: { 'kubernetes.io/hostname': node },
            containers: [
              {
                name: 'shell',
                image: SHELL_IMAGE,
                command: ['sh', '-c', script],
                volumeMounts: [{ name: 'data', mountPath: '/data' }],
              },
            ],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              resources: { requests: { storage: '1Gi' } },
            },
          },
        ],
      },
    },
  ]
}

async function inPod(...words: string[]): Promise<string> {
  return kubectl.run(['exec', 'keeper-0', '--', ...words])
}

async function starts(): Promise<number> {
  return (await inPod('cat', '/data/starts')).trim().split('\n').length
}

/** Waits until the pod has started so many times, and the API server knows that it runs. */
async function startedTimes(count: number): Promise<void> {
  await until(`start ${count} of the pod`, WAIT_SECONDS, async () =>
    starts().then(
      (number) => number === count,
      () => false,
    ),
  )
  await kubectl.run(['wait', '--for=condition=Ready', 'pod/keeper-0', `--timeout=${WAIT_SECONDS}s`])
}

interface NodeObject {
  readonly status: { readonly conditions: readonly { type: string; status: string }[] }
}

async function nodeIs(name: string, ready: 'True' | 'Unknown'): Promise<void> {
  await until(`${name} is Ready: ${ready}`, WAIT_SECONDS, async () => {
    const { status } = await kubectl.json<NodeObject>('get', 'node', name)
    return status.conditions.some((each) => each.type === 'Ready' && each.status === ready)
  })
}

test('a pod runs on a volume that was made for it', async () => {
  await kubectl.apply(keeper('node2'))
  await startedTimes(1)
})

test('names are found: of services, of pods; names of the world fail at once', async () => {
  const service = await inPod('nslookup', 'kubernetes.default.svc.cluster.local')
  const { slot } = readRecord(directory)!
  expect(service).toContain(`${layoutOf(slot!).serviceNetwork}.0.1`)
  // A pod has its name a moment after it runs.
  const name = 'keeper-0.keeper.default.svc.cluster.local'
  const answer = await until('the name of the pod', WAIT_SECONDS, async () =>
    inPod('nslookup', name).catch(() => undefined),
  )
  expect(answer).toContain(`${layoutOf(slot!).podNetwork}.2.`)
  await expect(inPod('nslookup', 'example.org')).rejects.toThrow()
})

test('the volume outlives the pod', async () => {
  await kubectl.run(['delete', 'pod', 'keeper-0'])
  await startedTimes(2)
})

test('a container that is killed starts again', async () => {
  await cluster.crash({ namespace: 'default', pod: 'keeper-0', container: 'shell' })
  await startedTimes(3)
})

test('a node that loses its power is missed, and comes back with its disk', async () => {
  await cluster.powerOff('node2')
  await nodeIs('node2', 'Unknown')
  await nodeIs('node1', 'True')
  await cluster.powerOn('node2')
  await nodeIs('node2', 'True')
  await startedTimes(4)
})

test('a node that is cut off is missed and goes on; mended, it is there again', async () => {
  await cluster.cut('node2')
  await nodeIs('node2', 'Unknown')
  const inside = await attachLocal(directory)
    .node('node2')
    .inside(['ctr', '-n', 'k8s.io', 'tasks', 'ls'])
  expect(inside).toContain('RUNNING')
  await cluster.mend('node2')
  await nodeIs('node2', 'True')
})

test('what died is repaired by another start', async () => {
  const api = markedProcesses(directory).find(({ command }) => command.includes('kube-apiserver'))
  process.kill(api!.pid, 'SIGKILL')
  await until('the end of the API server', WAIT_SECONDS, () =>
    markedProcesses(directory).every(({ pid }) => pid !== api!.pid),
  )
  await up(directory, 2)
  await nodeIs('node1', 'True')
})

test('a second cluster stands beside the first, and goes without touching it', async () => {
  const beside = join(folder, 'second')
  const second = await up(beside, 1)
  const other = new Kubectl(join(binaries()!, 'kubectl'), second.kubeconfig)
  expect(await other.run(['get', 'nodes', '--output=name'])).toBe('node/node1\n')
  expect(await other.run(['get', 'pods', '--output=name'])).toBe('')
  await localProvider.down(beside)
  await nodeIs('node2', 'True')
})

test('a start that is interrupted at its first step is taken down, and done again', async () => {
  const beside = join(folder, 'second')
  const start = localProvider.up({
    directory: beside,
    nodes: 1,
    say: () => {
      throw new Error('interrupted')
    },
  })
  await expect(start).rejects.toThrow('interrupted')
  expect(existsSync(beside)).toBe(true)
  await localProvider.down(beside)
  expect(existsSync(beside)).toBe(false)
})

test('nothing is left of a cluster that was taken down', async () => {
  const { slot } = readRecord(directory)!
  expect((await leftovers(directory, layoutOf(slot!))).length).toBeGreaterThan(10)
  const removed = await localProvider.down(directory)
  expect(removed.some((each) => each.startsWith('process'))).toBe(true)
  expect(await leftovers(directory, layoutOf(slot!))).toEqual([])
  expect(await localProvider.down(directory)).toEqual([])
})
