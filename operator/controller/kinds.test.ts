import { expect, test } from 'vitest'
import { fakeCluster } from '../../test/kube/fixture.ts'
import { ANNOTATIONS, DEFINITIONS_REVISION, FLUME_AGENTS, FLUME_FLOWS } from '../api/constants.ts'
import type { KubeClient } from '../kube/client.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
import { checkKinds } from './kinds.ts'

const definition = (plural: string, more: { version?: string; revision?: number } = {}) => {
  const { version = 'v1alpha1', revision = DEFINITIONS_REVISION } = more
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.flume-operator.io`,
      annotations: { [ANNOTATIONS.revision]: String(revision) },
    },
    spec: { versions: [{ name: version, served: true }] },
  }
}
const put = (client: KubeClient, object: KubeObject) =>
  client.create(RESOURCES.customResourceDefinitions, object)

test('both kinds have to be there, of this release or a newer one', async () => {
  const { client, log } = await fakeCluster()
  await expect(checkKinds(client, log)).rejects.toThrow(
    'flumeagents.flume-operator.io is not there',
  )
  await put(client, definition(FLUME_AGENTS.plural, { revision: DEFINITIONS_REVISION + 1 }))
  await put(client, definition(FLUME_FLOWS.plural))
  await checkKinds(client, log)
})

test('older ones are refused', async () => {
  const { client, log } = await fakeCluster()
  await put(client, definition(FLUME_AGENTS.plural, { revision: 0 }))
  await expect(checkKinds(client, log)).rejects.toMatchObject({ code: 'FLM7202' })
})

test('those of another version are refused', async () => {
  const { client, log } = await fakeCluster()
  await put(client, definition(FLUME_AGENTS.plural, { version: 'v9' }))
  await expect(checkKinds(client, log)).rejects.toThrow('does not serve v1alpha1')
})

test('one that may not look goes on', async () => {
  const { client, log, server } = await fakeCluster()
  server.fail('get', { status: 403 }, 2)
  await checkKinds(client, log)
  expect(log.messages()).toEqual([
    'whether the kinds are installed cannot be looked up',
    'whether the kinds are installed cannot be looked up',
  ])
})
