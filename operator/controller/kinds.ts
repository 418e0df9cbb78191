import type { Logger } from '../../agent/core/logger.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import { ANNOTATIONS, DEFINITIONS_REVISION, FLUME_AGENTS, FLUME_FLOWS } from '../api/constants.ts'
import type { KubeClient } from '../kube/client.ts'
import { KubeError, isNotFound } from '../kube/errors.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'

interface Definition extends KubeObject {
  readonly spec?: {
    readonly versions?: readonly { readonly name: string; readonly served?: boolean }[]
  }
}

/**
 * Checks that the API server serves our kinds as this operator reads them: with older definitions it would
 * lose fields without a word. Throws FLM7202; one that may not look goes on, and hears of it from its first
 * list.
 */
export async function checkKinds(client: KubeClient, log: Logger): Promise<void> {
  for (const type of [FLUME_AGENTS, FLUME_FLOWS]) {
    const name = `${type.plural}.${type.group}`
    try {
      const found = await client.get<Definition>(RESOURCES.customResourceDefinitions, { name })
      const versions = found.spec?.versions ?? []
      if (!versions.some((each) => each.name === type.version && each.served !== false))
        throw missing(name, `does not serve ${type.version}`)
      const revision = Number(found.metadata.annotations?.[ANNOTATIONS.revision] ?? 0)
      if (!(revision >= DEFINITIONS_REVISION)) throw missing(name, 'is of an older release')
    } catch (thrown) {
      if (isNotFound(thrown)) throw missing(name, 'is not there')
      if (!(thrown instanceof KubeError) || thrown.status !== 403) throw thrown
      log.warn({ definition: name }, 'whether the kinds are installed cannot be looked up')
    }
  }
}

function missing(name: string, why: string): FlumeError {
  const message = `the CustomResourceDefinition ${name} ${why}. Install those of this release: kubectl apply --server-side -f crds/`
  return new FlumeError('FLM7202', message, { retryable: false })
}
