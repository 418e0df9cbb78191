import { parseQuantity } from '../../agent/config/quantity.ts'
import type { PlainObject } from '../api/list-keys.ts'
import type { ClaimTemplate, StatefulSet } from '../api/live.ts'
import { LABELS, MANAGED_BY } from '../api/constants.ts'
import { poolNames } from '../api/names.ts'
import { selectorLabels } from '../api/pool-labels.ts'
import type { FlumeAgent } from '../api/types.ts'
import { identityOf, poolObject } from './objects.ts'
import type { DesiredObject } from './objects.ts'

/**
 * The StatefulSet of a pool. `live` is the one that is there: its claim templates cannot be changed, and
 * are sent as they are.
 */
export function statefulSet(
  agent: FlumeAgent,
  template: PlainObject,
  live: StatefulSet | undefined,
): DesiredObject {
  const pool = identityOf(agent)
  const names = poolNames(pool.name)
  const asked = {
    replicas: agent.spec.replicas,
    serviceName: names.podsService,
    selector: { matchLabels: selectorLabels(pool.name) },
    // One that does not come up holds up no other.
    podManagementPolicy: 'Parallel',
    // The operator evicts: RollingUpdate would take down a ready pod while another one is not.
    updateStrategy: { type: 'OnDelete' },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    template,
  }
  const volumeClaimTemplates = live?.spec.volumeClaimTemplates ?? [claimTemplate(agent)]
  return poolObject(pool, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    name: names.statefulSet,
    content: { spec: { ...asked, volumeClaimTemplates } },
    asked,
  })
}

/** The labels are those of the pool's name, as the volumes outlive the FlumeAgent. */
function claimTemplate(agent: FlumeAgent): ClaimTemplate {
  const { name } = agent.metadata
  const { size, storageClassName } = agent.spec.storage
  const labels = {
    ...selectorLabels(name),
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.agent]: name,
  }
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', labels },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: size } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  }
}

/** How the volumes that are asked for differ from those of the live StatefulSet, as a sentence. */
export function storageDifference(
  agent: FlumeAgent,
  live: StatefulSet | undefined,
): string | undefined {
  const data = live?.spec.volumeClaimTemplates?.find(({ metadata }) => metadata?.name === 'data')
  if (data === undefined) return undefined
  const { size, storageClassName: named } = agent.spec.storage
  const liveSize = data.spec?.resources?.requests?.storage
  if (liveSize !== undefined && parseQuantity(size) !== parseQuantity(liveSize))
    return `spec.storage.size is ${size} and the volumes are made with ${liveSize}: volumes of a pool that is there are not resized`
  if (named !== undefined && named !== data.spec?.storageClassName)
    return `spec.storage.storageClassName is ${named} and the volumes are of ${data.spec?.storageClassName ?? 'the default class'}`
  return undefined
}
