import { onTestFinished } from 'vitest'
import type { ApplyContext } from '../../operator/apply/context.ts'
import { Memory } from '../../operator/apply/memory.ts'
import { Expectations } from '../../operator/kube/expectations.ts'
import { clientOf, kubeParts } from '../kube/fixture.ts'
import { FakeApi } from './fake-api.ts'

/** A server in memory, and what applies to it; no cache shows anything of it. */
export async function applyTo() {
  const api = await FakeApi.start()
  onTestFinished(() => api.close())
  const parts = kubeParts()
  const client = clientOf(api.server, parts)
  const expectations = new Expectations()
  const context: ApplyContext = {
    client,
    expectations,
    memory: new Memory(parts.clock),
    cacheOf: (kind) => ({ type: { kind }, get: () => undefined, resourceVersion: () => undefined }),
  }
  return { api, client, context, expectations }
}
