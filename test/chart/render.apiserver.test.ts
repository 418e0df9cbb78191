import { join } from 'node:path'
import { dump } from 'js-yaml'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestContext } from 'vitest'
import { binaries } from '../../hack/cluster/binaries.ts'
import { USER_ROLES, policyRules } from '../../hack/chart/permissions.ts'
import type { PolicyRule } from '../../hack/chart/permissions.ts'
import { needsControlPlane } from '../cluster/needs.ts'
import { CHART, KUBE_VERSION, Programs } from './helm.ts'
import type { Manifest } from './helm.ts'

/** What Helm makes of the chart. No API server is asked. */

const folder = binaries()
const programs = new Programs(folder ?? '')

const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['default', []],
  ['namespaced', [`--values=${valuesPath('namespaced')}`]],
  ['everything', [`--values=${valuesPath('everything')}`]],
]

function valuesPath(name: string): string {
  return join(import.meta.dirname, 'values', `${name}.yaml`)
}

beforeEach((context: TestContext) => {
  needsControlPlane(context)
})

afterAll(() => programs.clean())

test('helm lint finds nothing', async () => {
  const { code, stdout, stderr } = await programs.helm('lint', '--strict', KUBE_VERSION, CHART)
  expect(stdout + stderr).toContain('1 chart(s) linted, 0 chart(s) failed')
  expect(code).toBe(0)
})

describe.each(CASES)('rendered with the values "%s"', (name, options) => {
  test('it is as in golden/', async () => {
    const manifests = (await programs.render(...options)).map(withoutScript)
    const text = manifests.map((each) => dump(each, { lineWidth: -1, noRefs: true })).join('---\n')
    await expect(text).toMatchFileSnapshot(join('golden', `${name}.yaml`))
  })

  test('the rules of the roles are those of the table, and nobody may read Secrets', async () => {
    const manifests = await programs.render(...options)
    const isNamespaced = name === 'namespaced'
    const own = manifests.filter(({ metadata }) => metadata.labels?.[COMPONENT] !== 'test')
    const roles = own.filter(({ kind }) => /^(?:Cluster)?Role$/.test(kind))
    const expected: Record<string, readonly PolicyRule[]> = {}
    const base = name === 'everything' ? 'flume' : 'demo-flume-operator'
    if (isNamespaced)
      for (const team of ['team-a', 'team-b'])
        expected[`Role ${team}/${base}`] = policyRules('watched')
    else expected[`ClusterRole ${base}`] = policyRules('watched', 'cluster')
    expected[`Role flume-system/${base}-leader`] = policyRules('own')
    if (!isNamespaced)
      for (const { name: role, rules } of USER_ROLES)
        expected[`ClusterRole ${base}-${role}`] = rules
    expect(Object.fromEntries(roles.map((role) => [titleOf(role), role['rules']]))).toEqual(
      expected,
    )
    expect(JSON.stringify(manifests.map((each) => each['rules'] ?? []))).not.toMatch(/secrets|"\*"/)
  })

  test('the roles for users are part of those of Kubernetes that the table names', async () => {
    const manifests = await programs.render(...options)
    for (const { name: role, aggregateTo } of USER_ROLES) {
      const made = manifests.find(
        ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name.endsWith(`-${role}`),
      )
      if (name === 'namespaced') expect(made).toBeUndefined()
      else expect(parentsOf(made!)).toEqual([...aggregateTo].sort())
    }
  })

  test('every object that is not of the test has a namespace exactly if its kind has', async () => {
    for (const manifest of await programs.render(...options))
      expect([titleOf(manifest), manifest.metadata.namespace === undefined]).toEqual([
        titleOf(manifest),
        manifest.kind.startsWith('Cluster'),
      ])
  })
})

const COMPONENT = 'app.kubernetes.io/component'

function titleOf({ kind, metadata: { namespace, name } }: Manifest): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`
}

function parentsOf({ metadata }: Manifest): string[] {
  const prefix = 'rbac.authorization.k8s.io/aggregate-to-'
  const keys = Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith(prefix))
  return keys.map((key) => key.slice(prefix.length)).sort()
}

/** The script is a file of its own; golden files would repeat it. */
function withoutScript(manifest: Manifest): Manifest {
  if (manifest.kind !== 'ConfigMap') return manifest
  return { ...manifest, data: { 'send-event.mts': '(files/send-event.mts)' } }
}

test('the kinds come with the chart unless they are not wanted', async () => {
  const { stdout } = await programs.template()
  const { stdout: without } = await programs.template('--set=crds.install=false')
  expect(stdout.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(2)
  expect(without).not.toContain('kind: CustomResourceDefinition')
})

test('the longest names that are allowed still make valid ones', async () => {
  const manifests = await programs.render(`--set=fullnameOverride=a${'b'.repeat(39)}`)
  const names = manifests.map(({ metadata }) => metadata.name)
  expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(63)
  const { source, status } = testUrls(manifests)
  expect(Math.max(...[source, status].map((host) => host.split('.')[0]!.length))).toBeLessThan(64)
})

/** Hosts that the pod of `helm test` asks. */
function testUrls(manifests: readonly Manifest[]): { source: string; status: string } {
  const pod = manifests.find(({ kind }) => kind === 'Pod') as unknown as {
    spec: { containers: readonly { env: readonly { name: string; value: string }[] }[] }
  }
  const url = (name: string): string =>
    pod.spec.containers[0]!.env.find((each) => each.name === name)!.value
  return {
    source: new URL(url('SOURCE_URL')).hostname,
    status: new URL(url('STATUS_URL')).hostname,
  }
}

describe('values that are refused', () => {
  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ['replica=2', /additional properties 'replica' not allowed/i],
    ['image.name=x', /image.*additional properties 'name' not allowed/is],
    ['replicas=two', /replicas.*got string, want integer/is],
    ['replicas=9', /replicas.*maximum: got 9, want 5/is],
    ['image.pullPolicy=Sometimes', /pullPolicy.*'Always', 'IfNotPresent', 'Never'/is],
    ['image.digest=latest', /digest.*'latest' does not match pattern/is],
    ['watchNamespaces=a', /watchNamespaces.*got string, want array/is],
    ['watchNamespaces={Team_A}', /watchNamespaces.*does not match pattern/is],
    ['crds.install=maybe', /install.*got string, want boolean/is],
    ['serviceMonitor.enabled=true', /additional properties 'serviceMonitor' not allowed/i],
    ['metrics.serviceMonitor.interval=often', /interval.*does not match pattern/is],
  ]
  test.each(REFUSED)('--set %s', async (setting, message) => {
    const { code, stderr } = await programs.template(`--set=${setting}`)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
  })

  test('values of a parent chart are none of these', async () => {
    const { code } = await programs.template('--set=global.region=eu')
    expect(code).toBe(0)
  })
})
