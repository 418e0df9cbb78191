import { expect, test } from 'vitest'
import { agent } from '../../test/operator/objects.ts'
import { podTemplate } from './pod.ts'

const options = { image: 'flume-operator:test', secrets: [] }

test('the agent is started with the number of its pod', () => {
  expect(podTemplate(agent('hub'), options)).toMatchObject({
    spec: {
      containers: [
        {
          image: 'flume-operator:test',
          args: [
            'run',
            '--delivered',
            '/etc/flume',
            '--agent',
            'hub',
            '--ordinal',
            '$(POD_INDEX)',
            '--data-dir',
            '/var/lib/flume',
            '--secrets-dir',
            '/etc/flume/secrets',
            '--plugins-dir',
            '/opt/flume-operator/plugins',
            '--admin',
            ':8081',
          ],
          env: [
            {
              name: 'POD_INDEX',
              valueFrom: {
                fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" },
              },
            },
          ],
        },
      ],
    },
  })
})

test('replicas are kept apart unless the user says otherwise', () => {
  expect(podTemplate(agent('hub'), options)['spec']).toHaveProperty('affinity.podAntiAffinity')
  expect(podTemplate(agent('hub', { affinity: {} }), options)['spec']).toHaveProperty(
    'affinity',
    {},
  )
})

test('the template of the user comes last', () => {
  const spec = { terminationGracePeriodSeconds: 60, affinity: null }
  const made = podTemplate(agent('hub', { podTemplate: { spec } }), options)['spec']
  expect(made).toHaveProperty('terminationGracePeriodSeconds', 60)
  expect(made).not.toHaveProperty('affinity')
})
