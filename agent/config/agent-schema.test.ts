import { describe, expect, it } from 'vitest'
import { agentSpecSchema } from './agent-schema.ts'

function problems(spec: object): string[] {
  const issues = agentSpecSchema.safeParse(spec).error?.issues ?? []
  return issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}

describe('the settings of a pool', () => {
  it('have defaults for replicas and volume', () => {
    expect(agentSpecSchema.parse({})).toEqual({ replicas: 1, storage: { size: '10Gi' } })
    expect(agentSpecSchema.parse({ storage: { storageClassName: 'fast' } }).storage).toEqual({
      size: '10Gi',
      storageClassName: 'fast',
    })
  })

  it('keep what only Kubernetes knows as it is written', () => {
    const spec = {
      replicas: 3,
      storage: { size: '1.5Ti' },
      image: 'registry.example.com:5000/flume-operator:1.0@sha256:00',
      imagePullPolicy: 'Always',
      imagePullSecrets: [{ name: 'registry' }],
      resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: 2 }, claims: [] },
      nodeSelector: { 'kubernetes.io/arch': 'arm64' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone' }],
      priorityClassName: 'high',
      serviceAccount: { annotations: { 'iam.example.com/role': 'writer, of objects' } },
      podTemplate: {
        metadata: { labels: { team: 'logs' }, annotations: {} },
        spec: { containers: [{ name: 'agent', env: [] }], hostNetwork: null },
      },
    }
    expect(agentSpecSchema.parse(spec)).toEqual(spec)
  })

  it.each(['0', '1Mi', '20 Gi', '20GB', '-1Gi'])('refuse a volume of %s', (size) => {
    expect(problems({ storage: { size } })).toEqual([
      'storage.size: expected a size such as 20Gi, at least 16Mi',
    ])
  })

  it('refuse amounts, names and images that Kubernetes would refuse later', () => {
    expect(problems({ resources: { limits: { memory: '1GB' } } })).toEqual([
      'resources.limits.memory: expected a quantity such as 500m, 2 or 4Gi',
    ])
    const name = 'expected a name of lower-case letters, digits, "-" and "."'
    expect(problems({ priorityClassName: 'High' })).toEqual([`priorityClassName: ${name}`])
    expect(problems({ serviceAccount: { name: 'a_b' } })).toEqual([`serviceAccount.name: ${name}`])
    expect(problems({ image: 'a b' })).toEqual([
      'image: expected the name of an image, without blanks',
    ])
    expect(problems({ nodeSelector: { zone: 'a b' } })).toEqual([
      'nodeSelector.zone: expected at most 63 letters, digits, "-", "_" and "."',
    ])
    expect(problems({ podTemplate: { containers: [] } })).toHaveLength(1)
  })

  it('refuse annotations for an account that is not made', () => {
    expect(problems({ serviceAccount: { name: 'a', annotations: { b: 'c' } } })).toEqual([
      'serviceAccount.annotations: only an account that is made has annotations: remove them, or the name',
    ])
  })
})
