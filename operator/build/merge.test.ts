import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PlainObject } from '../api/list-keys.ts'
import { itemKeys } from '../api/list-keys.ts'
import { mergeTemplate } from './merge.ts'

const base = {
  spec: {
    nodeSelector: { disk: 'ssd' },
    containers: [
      {
        name: 'agent',
        image: 'a:1',
        env: [
          { name: 'POD_INDEX', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'B', value: 'b' },
        ],
        livenessProbe: { httpGet: { path: '/livez', port: 8081 }, periodSeconds: 10 },
        args: ['run', '--agent', 'hub'],
        volumeMounts: [{ name: 'data', mountPath: '/var/lib/flume' }],
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  },
}

interface Merged {
  readonly spec: {
    readonly containers: readonly { readonly [field: string]: unknown; readonly name: string }[]
    readonly volumes: unknown
    readonly affinity?: unknown
  }
}

describe('a pod template laid over ours', () => {
  const merged = (overlay: PlainObject): Merged =>
    mergeTemplate(base, { spec: overlay }) as unknown as Merged

  test('a container is merged by its name, one of another name is added behind', () => {
    const { spec } = merged({
      containers: [
        { name: 'sidecar', image: 's:1' },
        { name: 'agent', tty: true },
      ],
    })
    expect(spec.containers.map((each) => each.name)).toEqual(['agent', 'sidecar'])
    expect(spec.containers[0]).toMatchObject({ image: 'a:1', tty: true })
  })

  test('an entry of env, a volume and a probe are replaced whole', () => {
    const { spec } = merged({
      containers: [
        {
          name: 'agent',
          env: [{ name: 'POD_INDEX', value: '0' }],
          livenessProbe: { tcpSocket: { port: 8081 } },
        },
      ],
      volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory' } }],
    })
    expect(spec.containers[0]!['env']).toEqual([
      { name: 'POD_INDEX', value: '0' },
      { name: 'B', value: 'b' },
    ])
    expect(spec.containers[0]!['livenessProbe']).toEqual({ tcpSocket: { port: 8081 } })
    expect(spec.volumes).toEqual([{ name: 'tmp', emptyDir: { medium: 'Memory' } }])
  })

  test('mounts have their path as key, ports the number and TCP unless said otherwise', () => {
    const { spec } = merged({
      containers: [
        {
          name: 'agent',
          volumeMounts: [{ mountPath: '/var/lib/flume', name: 'other' }],
          ports: [{ containerPort: 1 }, { containerPort: 1, protocol: 'TCP', name: 'x' }],
        },
      ],
    })
    expect(spec.containers[0]!['volumeMounts']).toEqual([
      { name: 'other', mountPath: '/var/lib/flume' },
    ])
    expect(spec.containers[0]!['ports']).toEqual([{ containerPort: 1, protocol: 'TCP', name: 'x' }])
  })

  test('other lists are values as a whole', () => {
    expect(
      merged({ containers: [{ name: 'agent', args: ['version'] }] }).spec.containers[0]!['args'],
    ).toEqual(['version'])
  })

  test('null removes', () => {
    const { spec } = merged({ nodeSelector: null, containers: [{ name: 'agent', image: null }] })
    expect(spec).not.toHaveProperty('nodeSelector')
    expect(spec.containers[0]).not.toHaveProperty('image')
    expect(merged({ affinity: { a: null, b: 1 } }).spec.affinity).toEqual({ b: 1 })
  })

  test('an item without its key is left to the API server to refuse', () => {
    expect(merged({ containers: [{ image: 'x' }] }).spec.containers).toEqual([{ image: 'x' }])
    expect(merged({ containers: ['x'] }).spec.containers).toEqual(['x'])
  })

  test('a key that JavaScript takes for another stays a key', () => {
    const overlay = JSON.parse('{"spec":{"__proto__":{"hostNetwork":true}}}') as PlainObject
    const { spec } = mergeTemplate(base, overlay) as unknown as {
      readonly spec: Record<string, unknown>
    }
    expect(spec['hostNetwork']).toBeUndefined()
    expect(Object.hasOwn(spec, '__proto__')).toBe(true)
  })
})

describe('for any templates', () => {
  const names = fc.constantFrom('a', 'b', 'c')
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
  const item = fc.record(
    {
      name: names,
      image: leaf,
      args: fc.array(fc.string(), { maxLength: 2 }),
      env: fc.array(fc.record({ name: names, value: fc.string() }), { maxLength: 3 }),
      ports: fc.array(fc.record({ containerPort: fc.integer({ min: 1, max: 3 }) })),
      startupProbe: fc.dictionary(names, leaf),
    },
    { requiredKeys: ['name'] },
  )
  const template = fc.record(
    {
      containers: fc.uniqueArray(item, { selector: (each) => each.name }),
      tolerations: fc.array(fc.dictionary(names, leaf)),
      nodeSelector: fc.dictionary(names, leaf),
      hostname: leaf,
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<PlainObject>
  const clean = template.map((each) => mergeTemplate({}, each))

  test('nothing laid over, or the same, changes nothing', () => {
    fc.assert(
      fc.property(clean, (each) => {
        expect(mergeTemplate(each, {})).toEqual(each)
        expect(mergeTemplate(each, each)).toEqual(each)
      }),
    )
  })

  test('laid over twice is laid over once', () => {
    fc.assert(
      fc.property(clean, template, (under, over) => {
        const once = mergeTemplate(under, over)
        expect(mergeTemplate(once, over)).toEqual(once)
      }),
    )
  })

  test('no item comes twice, and those of the operator come first in their order', () => {
    fc.assert(
      fc.property(clean, template, (under, over) => {
        const list = (each: PlainObject) => (each['containers'] ?? []) as PlainObject[]
        const keys = itemKeys('containers', list(mergeTemplate(under, over)))!
        expect(new Set(keys).size).toBe(keys.length)
        if (over['containers'] === undefined) return
        const ours = itemKeys('containers', list(under))!
        expect(keys.slice(0, ours.length)).toEqual(ours)
      }),
    )
  })

  test('what the user writes is what comes out, and neither side is changed', () => {
    fc.assert(
      fc.property(clean, clean, (under, over) => {
        const before = JSON.stringify([under, over])
        const merged = mergeTemplate(under, over)
        for (const field of ['hostname', 'tolerations'])
          if (over[field] !== undefined) expect(merged[field]).toEqual(over[field])
        expect(JSON.stringify([under, over])).toBe(before)
      }),
    )
  })
})
