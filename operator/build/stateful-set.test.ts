import { expect, test } from 'vitest'
import { agent, statefulSet as live } from '../../test/operator/objects.ts'
import { statefulSet, storageDifference } from './stateful-set.ts'

test('pods start and are replaced by themselves alone, volumes stay', () => {
  expect(statefulSet(agent('hub', { replicas: 3 }), {}, undefined)['spec']).toMatchObject({
    replicas: 3,
    serviceName: 'hub-pods',
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'OnDelete' },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: [
      { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } },
    ],
  })
})

test('the labels of a claim outlive the FlumeAgent', () => {
  const { volumeClaimTemplates } = statefulSet(agent('hub'), {}, undefined)['spec'] as never
  expect(JSON.stringify(volumeClaimTemplates)).not.toContain('uid-of-hub')
})

test('a volume that is asked for in another way is a difference', () => {
  const claims = (storage: string, storageClassName?: string) =>
    live('hub', {
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            resources: { requests: { storage } },
            ...(storageClassName && { storageClassName }),
          },
        },
      ],
    })
  expect(storageDifference(agent('hub'), undefined)).toBeUndefined()
  expect(storageDifference(agent('hub'), claims('10240Mi'))).toBeUndefined()
  expect(storageDifference(agent('hub'), claims('5Gi'))).toContain('not resized')
  const fast = agent('hub', { storage: { size: '10Gi', storageClassName: 'fast' } })
  expect(storageDifference(fast, claims('10Gi'))).toContain('of the default class')
  expect(storageDifference(fast, claims('10Gi', 'fast'))).toBeUndefined()
})
