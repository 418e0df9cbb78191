import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { Workbench, until } from '../cli/flume.ts'
import { ChartBed } from './bed.ts'
import { CHART, succeeded } from './helm.ts'
import type { Manifest, Ran } from './helm.ts'
import { sendEvent, startAgent } from './send-event.ts'

/** Installing, upgrading and removing the chart, on a real API server without nodes. */

const bed = ChartBed.forThisFile()
const { kubectl } = bed
const helm = (...args: string[]): Promise<Ran> => bed.programs.helm(...args)

const AGENTS = 'flumeagents.flume-operator.io'
const CRDS = [AGENTS, 'flumeflows.flume-operator.io']

const crds = async (): Promise<string[]> =>
  (await kubectl('get', 'crds', '--output=name')).trim().split('\n').sort()
const CRD_NAMES = CRDS.map((name) => `customresourcedefinition.apiextensions.k8s.io/${name}`)

/** A namespace in which only pods of the standard "restricted" may be made. */
async function restrictedNamespace(name: string): Promise<void> {
  await kubectl('create', 'namespace', name)
  await kubectl('label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted')
}

const mayAs = async (who: string, ...what: string[]): Promise<string> =>
  (await bed.programs.kubectl('auth', 'can-i', ...what, `--as=${who}`)).stdout.trim()

describe('a release for the whole cluster', () => {
  test('installs, with the pods that "restricted" allows', async () => {
    await restrictedNamespace('flume-system')
    const { stdout } = succeeded(await helm('install', 'flume', CHART, '-n=flume-system'))
    expect(stdout).toContain('helm -n flume-system test flume')
    expect(await crds()).toEqual(CRD_NAMES)
    await kubectl('wait', '--for=condition=Established', '--timeout=30s', 'crd', ...CRDS)
    const deployment = JSON.parse(
      await kubectl('-n=flume-system', 'get', 'deployment', 'flume-flume-operator', '-o=json'),
    ) as { spec: { template: { metadata: object; spec: object } } }
    const { metadata, spec } = deployment.spec.template
    await createDryRun({ ...metadata, name: 'operator', namespace: 'flume-system' }, spec)
  })

  test('the pod of helm test is one that "restricted" allows too', async () => {
    const hooks = loadAll((await helm('get', 'hooks', 'flume', '-n=flume-system')).stdout)
    const pod = (hooks as (Manifest & { spec: object })[]).find(({ kind }) => kind === 'Pod')!
    await createDryRun(pod.metadata, { ...pod.spec, serviceAccountName: 'default' })
  })

  test('the operator may do its work, and nothing with Secrets, pods or roles', async () => {
    const operator = 'system:serviceaccount:flume-system:flume-flume-operator'
    const may = (...what: string[]): Promise<string> => mayAs(operator, ...what)
    expect(await may('patch', 'statefulsets.apps', '-n=anywhere')).toBe('yes')
    expect(await may('create', 'pods', '--subresource=eviction', '-n=anywhere')).toBe('yes')
    expect(await may('get', 'namespaces/anywhere')).toBe('yes')
    expect(await may('create', 'leases.coordination.k8s.io', '-n=flume-system')).toBe('yes')
    for (const what of [
      ['get', 'secrets'],
      ['list', 'secrets'],
      ['create', 'pods'],
      ['patch', 'pods'],
      ['delete', 'pods'],
      ['create', 'pods', '--subresource=exec'],
      ['delete', 'persistentvolumeclaims'],
      ['create', 'roles.rbac.authorization.k8s.io'],
      ['create', 'leases.coordination.k8s.io'],
      ['patch', 'flumeflows.flume-operator.io'],
    ])
      expect([...what, await may(...what, '-n=anywhere')]).toEqual([...what, 'no'])
  })

  test("users get what Kubernetes' own roles say", async () => {
    for (const role of ['view', 'edit'])
      await kubectl('create', 'rolebinding', role, `--clusterrole=${role}`, `--user=${role}er`)
    const may = (who: string, verb: string, plural: string): Promise<string> =>
      mayAs(who, verb, `${plural}.flume-operator.io`, '-n=default')
    await until('the roles are put together', async () =>
      (await may('editer', 'create', 'flumeagents')) === 'yes' ? true : undefined,
    )
    expect(await may('viewer', 'list', 'flumeflows')).toBe('yes')
    expect(await may('viewer', 'create', 'flumeflows')).toBe('no')
    expect(await may('viewer', 'patch', 'flumeagents')).toBe('no')
    expect(await may('editer', 'delete', 'flumeflows')).toBe('yes')
  })

  test('what helm test runs works with the rights that it has', async () => {
    const hooks = loadAll((await helm('get', 'hooks', 'flume', '-n=flume-system')).stdout)
    const needed = (hooks as Manifest[]).filter(({ kind }) => kind !== 'Pod')
    for (const each of needed)
      succeeded(await bed.programs.kubectlWith(each, 'create', '--filename=-'))
    const pool = needed.find(({ kind }) => kind === 'FlumeAgent')!.metadata.name
    const claim = (name: string): object => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'flume-system' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })
    for (const name of [`data-${pool}-0`, 'data-other-0'])
      succeeded(await bed.programs.kubectlWith(claim(name), 'create', '--filename=-'))

    const account = await accountOf(pool)
    const settings = { namespace: 'flume-system', pool, secondsMax: 30 }
    const ours = needed
      .filter(({ kind }) => kind.startsWith('Flume'))
      .map(({ apiVersion, kind, ['spec']: spec }) => ({
        apiVersion,
        kind,
        metadata: { name: pool },
        spec,
      }))
    const bench = new Workbench()
    try {
      const agent = await startAgent(bench, pool, ours)
      const { code, output } = await sendEvent(agent, account, settings)
      expect(output).toContain("The agent's volume claim: removed.")
      expect(code).toBe(0)
      agent.process.kill('SIGKILL')
      const failed = await sendEvent(agent, account, { ...settings, secondsMax: 2 })
      expect(failed.output).toContain(`flumeflows/${pool}: []`)
      expect(failed.code).toBe(1)
    } finally {
      await bench.clean()
    }
    await until('one claim is left', async () => {
      const claims = await kubectl('-n=flume-system', 'get', 'pvc', '--output=name')
      return claims.trim() === 'persistentvolumeclaim/data-other-0' ? true : undefined
    })
    const who = `system:serviceaccount:flume-system:${pool}`
    expect(await mayAs(who, 'delete', 'pvc/data-other-0', '-n=flume-system')).toBe('no')
  })

  test('an upgrade brings newer kinds', async () => {
    const older = olderChart()
    succeeded(await helm('upgrade', 'flume', older, '-n=flume-system'))
    const shortNames = (): Promise<string> =>
      kubectl('get', 'crd', AGENTS, '--output=jsonpath={.spec.names.shortNames}')
    expect(await shortNames()).toContain('oldname')
    succeeded(await helm('upgrade', 'flume', CHART, '-n=flume-system'))
    expect(await shortNames()).not.toContain('oldname')
    rmSync(older, { recursive: true })
  })

  test('removed, it leaves the kinds and the objects of them', async () => {
    succeeded(await helm('uninstall', 'flume', '-n=flume-system'))
    expect(await crds()).toEqual(CRD_NAMES)
    const left = await kubectl('-n=flume-system', 'get', 'flumeflows', '--output=name')
    expect(left.trim()).toBe('flumeflow.flume-operator.io/flume-flume-operator-test')
    const roles = await kubectl('get', 'clusterroles', '--output=name')
    expect(roles).not.toContain('flume')
    expect(await kubectl('-n=flume-system', 'get', 'deployments', '--output=name')).toBe('')
  })

  test('installs again by the same name', async () => {
    succeeded(await helm('install', 'flume', CHART, '-n=flume-system'))
    succeeded(await helm('uninstall', 'flume', '-n=flume-system'))
  })

  test('under another name it says that the kinds are of another release, and takes them over when told', async () => {
    const refused = await helm('install', 'other', CHART, '-n=flume-system')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(/invalid ownership metadata[^]*release-name/)
    succeeded(await helm('install', 'other', CHART, '-n=flume-system', '--take-ownership'))
    const owner = await kubectl(
      'get',
      'crd',
      AGENTS,
      String.raw`--output=jsonpath={.metadata.annotations.meta\.helm\.sh/release-name}`,
    )
    expect(owner).toBe('other')
    succeeded(await helm('uninstall', 'other', '-n=flume-system'))
  })
})

describe('a release over kinds that kubectl made', () => {
  test('says whose they are, and takes them over when told', async () => {
    await kubectl('delete', 'crd', ...CRDS, '--wait')
    await kubectl('create', '--filename', join(CHART, '..', '..', 'crds'))
    await restrictedNamespace('second')
    const refused = await helm('install', 'flume', CHART, '-n=second')
    expect(refused.stderr).toMatch(/invalid ownership metadata[^]*managed-by/)
    succeeded(await helm('install', 'flume', CHART, '-n=second', '--take-ownership'))
    succeeded(await helm('uninstall', 'flume', '-n=second'))
  })
})

describe('a release for named namespaces', () => {
  test('has rights there and nowhere else', async () => {
    for (const name of ['team-a', 'team-b', 'operators']) await restrictedNamespace(name)
    const options = ['--set=watchNamespaces={team-a,team-b}', '--set=rbac.aggregate=false']
    succeeded(await helm('install', 'teams', CHART, '-n=operators', '--take-ownership', ...options))
    const operator = 'system:serviceaccount:operators:teams-flume-operator'
    const may = (namespace: string, ...what: string[]): Promise<string> =>
      mayAs(operator, ...what, `-n=${namespace}`)
    for (const namespace of ['team-a', 'team-b']) {
      expect(await may(namespace, 'patch', 'statefulsets.apps')).toBe('yes')
      expect(await may(namespace, 'get', `namespaces/${namespace}`)).toBe('yes')
      expect(await may(namespace, 'get', 'secrets')).toBe('no')
    }
    for (const namespace of ['operators', 'default'])
      expect(await may(namespace, 'get', 'statefulsets.apps')).toBe('no')
    expect(await may('operators', 'create', 'leases.coordination.k8s.io')).toBe('yes')
    const clusterRoles = await kubectl('get', 'clusterroles,clusterrolebindings', '--output=name')
    expect(clusterRoles).not.toContain('teams')
    succeeded(await helm('uninstall', 'teams', '-n=operators'))
    expect(await kubectl('get', 'roles', '-n=team-a', '--output=name')).toBe('')
  })
})

/** The API server is shown the pod, with its admission, and makes nothing. */
async function createDryRun(metadata: object, spec: object): Promise<void> {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  succeeded(await bed.programs.kubectlWith(pod, 'create', '--dry-run=server', '--filename=-'))
}

/** How a pod with this account speaks to the API server. */
async function accountOf(name: string): Promise<Parameters<typeof sendEvent>[1]> {
  const token = await kubectl('-n=flume-system', 'create', 'token', name)
  const { hostname, port } = new URL(bed.controlPlane.url)
  const root = await kubectl(
    '-n=flume-system',
    'get',
    'configmap',
    'kube-root-ca.crt',
    String.raw`--output=jsonpath={.data.ca\.crt}`,
  )
  return { host: hostname, port: Number(port), ca: root, token: token.trim() }
}

/** A copy of the chart with another short name of FlumeAgent; as a release of last year may have had. */
function olderChart(): string {
  const copy = mkdtempSync(join(tmpdir(), 'flume-chart-older-'))
  cpSync(CHART, copy, { recursive: true })
  const definitions = join(copy, 'files', 'crds')
  for (const name of readdirSync(definitions)) {
    const path = join(definitions, name)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/(\n +- )fa\n/, '$1fa$1oldname\n'))
  }
  return copy
}
