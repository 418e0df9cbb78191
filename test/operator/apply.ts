import { Expectations } from '../../operator/kube/expectations.ts'
import type { ApplyContext } from '../../operator/apply/context.ts'
import { Memory } from '../../operator/apply/memory.ts'
import { fakeCluster } from '../kube/fixture.ts'

/** A server in memory, and what applies to it. */
export async function applyTo() {
  const cluster = await fakeCluster()
  const expectations = new Expectations()
  const context: ApplyContext = {
    client: cluster.client,
    expectations,
    memory: new Memory(cluster.clock),
    cacheOf: (kind) => ({ type: { kind }, get: () => undefined, resourceVersion: () => undefined }),
  }
  const sent = () =>
    cluster.server.seen.map(({ verb, path, query }) =>
      [verb, path.split('/').slice(-2).join('/'), query.get('dryRun')].filter(Boolean).join(' '),
    )
  return { ...cluster, context, expectations, sent }
}
