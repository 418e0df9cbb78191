import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ROOT, Workbench, until } from '../cli/flume.ts'
import type { FlumeProcess } from '../cli/flume.ts'
import { tokenKubeconfig } from '../operator/account.ts'
import { metricsOf, startProcess } from '../operator/process.ts'
import { ChartBed } from './bed.ts'
import { CHART, succeeded } from './helm.ts'

/** The operator as a process, with the account and the roles that the chart makes, and no others. */

const bed = ChartBed.forThisFile()
const { kubectl } = bed
const bench = new Workbench()

afterAll(() => bench.clean())

const names = async (what: string, namespace: string): Promise<string[]> => {
  const text = await kubectl('get', what, `-n=${namespace}`, '--output=name')
  return text.split('\n').filter((line) => line !== '')
}

describe.each([
  { release: 'everywhere', namespace: 'default', options: [], refused: 0 },
  {
    release: 'teams',
    namespace: 'team-a',
    options: ['--set=watchNamespaces={team-a}', '--set=rbac.aggregate=false'],
    // It may not look whether the two kinds are there, and goes on.
    refused: 2,
  },
])('release $release', ({ release, namespace, options, refused }) => {
  test('makes pools, scales and removes them, without a refusal', async () => {
    if (namespace !== 'default') await kubectl('create', 'namespace', namespace)
    const all = ['--namespace=flume-system', '--create-namespace', '--take-ownership', ...options]
    succeeded(await bed.programs.helm('install', release, CHART, ...all))
    const operator = await startOperator(release, namespace === 'default' ? [] : [namespace])

    await kubectl('apply', `-n=${namespace}`, '-f', join(ROOT, 'examples', 'kubernetes'))
    await until('the pools', async () =>
      (await names('statefulsets', namespace)).length === 4 ? true : undefined,
    )
    await kubectl('scale', `-n=${namespace}`, 'flumeagent/hub', '--replicas=2')
    await until('two hubs', async () => {
      const path = '--output=jsonpath={.spec.replicas}'
      const count = await kubectl('get', `-n=${namespace}`, 'statefulset/hub', path)
      return count === '2' ? true : undefined
    })
    const claims = await names('persistentvolumeclaims', namespace)
    await kubectl('delete', `-n=${namespace}`, 'flumeflows,flumeagents', '--all', '--wait=false')
    await until('the end of the pools', async () =>
      (await names('flumeagents,statefulsets,pods', namespace)).length === 0 ? true : undefined,
    )

    expect(await names('persistentvolumeclaims', namespace)).toEqual(claims)
    expect(await refusals(operator)).toBe(refused)
    operator.kill('SIGTERM')
    expect((await operator.ended).code).toBe(0)
    succeeded(await bed.programs.helm('uninstall', release, '--namespace=flume-system'))
  })
})

/** Runs the operator with a token of the release's account. */
async function startOperator(release: string, namespaces: string[]): Promise<FlumeProcess> {
  const account = `${release}-flume-operator`
  const token = await kubectl('-n=flume-system', 'create', 'token', account)
  const path = join(bed.directory, `${release}.kubeconfig`)
  const operator = startProcess(bench, {
    kubeconfig: tokenKubeconfig(bed.controlPlane.kubeconfig, token.trim(), path),
    name: release,
    namespaces,
    leaseNamespace: 'flume-system',
    image: 'flume-operator:none',
  })
  await operator.logged(/"msg":"operator working"/)
  return operator
}

/** How many requests the API server answered 403. */
async function refusals(operator: FlumeProcess): Promise<number> {
  const metrics = await metricsOf(operator)
  const counts = [...metrics.matchAll(/^rest_client_requests_total\{.*code="403".*\} (\d+)$/gm)]
  return counts.reduce((sum, match) => sum + Number(match[1]), 0)
}
