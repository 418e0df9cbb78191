import { describe, expect, it } from 'vitest'
import { agentSpecSchema } from '../../agent/config/agent-schema.ts'
import { INTERCEPTORS } from '../../agent/config/entries.ts'
import { typesOf } from '../../agent/config/schema.ts'
import { SENTENCE_MAX } from './crd-description.ts'
import { customResourceDefinitions } from './crd.ts'
import type { StructuralSchema } from './structural.ts'

/** The API server takes no more in one request to etcd, and client-side apply not in an annotation. */
const BYTES_MAX = 200_000

const definitions = customResourceDefinitions()
const [agent, flow] = definitions.map((each) => rootOf(each)) as [
  StructuralSchema,
  StructuralSchema,
]

function rootOf(definition: (typeof definitions)[number]): StructuralSchema {
  return definition.spec.versions[0].schema.openAPIV3Schema
}

/** Every schema within a schema, with its place. */
function* parts(schema: StructuralSchema, place: string): Generator<[string, StructuralSchema]> {
  yield [place, schema]
  for (const [key, each] of Object.entries(schema.properties ?? {}))
    yield* parts(each, `${place}.${key}`)
  if (schema.items !== undefined) yield* parts(schema.items, `${place}[]`)
  if (schema.additionalProperties !== undefined)
    yield* parts(schema.additionalProperties, `${place}{}`)
}

const at = (root: StructuralSchema, path: string): StructuralSchema =>
  [...parts(root, '')].find(([place]) => place === `.${path}`)![1]

const KEYWORDS = new Set([
  'description',
  'type',
  'format',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'default',
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
])

describe.each(definitions.map((each) => [each.spec.names.kind, each] as const))(
  'the definition of %s',
  (kind, definition) => {
    const all = [...parts(rootOf(definition), '')]
    const wrong = (holds: (part: StructuralSchema, place: string) => boolean): string[] =>
      all.filter(([place, part]) => !holds(part, place)).map(([place]) => place)

    it(`has less than ${BYTES_MAX} bytes`, () => {
      expect(JSON.stringify(definition).length).toBeLessThan(BYTES_MAX)
    })

    it('has keywords that a structural schema may have, and a type everywhere', () => {
      expect(wrong((part) => Object.keys(part).every((key) => KEYWORDS.has(key)))).toEqual([])
      expect(
        wrong((part) => part.type !== undefined || part['x-kubernetes-int-or-string'] === true),
      ).toEqual([])
    })

    it('bounds every list, map and text', () => {
      expect(wrong((part) => part.type !== 'array' || part.maxItems !== undefined)).toEqual([])
      expect(
        wrong(
          (part) => part.additionalProperties === undefined || part.maxProperties !== undefined,
        ),
      ).toEqual([])
      const isBounded = ({ type, maxLength, enum: values, format }: StructuralSchema): boolean =>
        type !== 'string' || maxLength !== undefined || values !== undefined || format !== undefined
      expect(wrong(isBounded).filter((place) => !/^\.(apiVersion|kind)$/.test(place))).toEqual([])
    })

    it('says of every list how two of it are merged', () => {
      const isListed = (part: StructuralSchema): boolean =>
        part.type !== 'array' || part['x-kubernetes-list-type'] !== undefined
      expect(wrong(isListed)).toEqual([])
    })

    it('describes every field of ours in a short sentence', () => {
      const isDescribed = ({ description }: StructuralSchema, place: string): boolean =>
        /\[\]$|\{\}$|^(\.(apiVersion|kind|metadata))?$/.test(place) ||
        (description !== undefined && /^[A-Z].*\.( \(.*\))?$/.test(description))
      expect(wrong(isDescribed)).toEqual([])
      const isShort = ({ description = '' }: StructuralSchema): boolean =>
        description.replace(/ \([^()]*\)$/, '').length <= SENTENCE_MAX
      expect(wrong(isShort)).toEqual([])
    })

    it('has messages in words, and no rule twice at a place', () => {
      for (const [place, { 'x-kubernetes-validations': rules = [] }] of all) {
        for (const { message } of rules) expect(message, place).toMatch(/^[a-z`].{10,}[^.]$/is)
        expect(new Set(rules.map(({ rule }) => rule)).size, place).toBe(rules.length)
      }
    })

    it('is found by its short name and in the category flume', () => {
      const { names } = definition.spec
      expect(names.shortNames).toEqual([kind === 'FlumeAgent' ? 'fa' : 'ff'])
      expect(names.categories).toEqual(['flume'])
      expect(definition.metadata.annotations).toEqual({ 'flume-operator.io/revision': '1' })
      expect(definition.metadata.name).toBe(`${names.plural}.flume-operator.io`)
    })
  },
)

describe('the definition of FlumeFlow', () => {
  it('has every component of the catalog', () => {
    const keys = (path: string) => Object.keys(at(flow, path).properties!)
    expect(keys('spec.sources[]')).toEqual(expect.arrayContaining(typesOf('sources')))
    expect(keys('spec.sources[].interceptors[]')).toEqual(typesOf('interceptors'))
    expect(keys('spec.sources[].selector')).toEqual(typesOf('selectors'))
    expect(keys('spec.channels[]')).toEqual(['name', ...typesOf('channels')])
    expect(keys('spec.sinks[]')).toEqual(['name', 'channel', ...typesOf('sinks')])
    expect(keys('spec.sinkGroups[]')).toEqual(['name', 'sinks', ...typesOf('sinkGroups')])
  })

  it('leaves all defaults to the agents, and says what they are', () => {
    const withDefault = [...parts(flow, '')].filter(([, part]) => part.default !== undefined)
    expect(withDefault.map(([place]) => place)).toEqual([])
    expect(at(flow, 'spec.channels[].memory.capacity').description).toBe(
      'Events the channel holds at most; sources wait while it is full. (default 10000, 1–100000000)',
    )
    expect(at(flow, 'spec.sources[].tail.scanInterval').description).toMatch(
      / \(duration, default 800ms, 10ms–1h\)$/,
    )
  })

  it('takes sizes as numbers too', () => {
    expect(at(flow, 'spec.channels[].file.capacity')).toMatchObject({
      'x-kubernetes-int-or-string': true,
      description: 'Most bytes the channel uses on disk. (size, default 1Gi, at least 8Mi)',
    })
  })

  it('merges lists by what tells their entries apart', () => {
    const keyOf = (path: string) => at(flow, path)['x-kubernetes-list-map-keys']
    for (const list of ['sources', 'channels', 'sinks', 'sinkGroups'])
      expect(keyOf(`spec.${list}`)).toEqual(['name'])
    expect(keyOf('spec.sinkGroups[].failover.priorities')).toEqual(['sink'])
    expect(keyOf('spec.sources[].selector.multiplexing.mappings')).toEqual(['value'])
    expect(at(flow, 'spec.sources[].interceptors')['x-kubernetes-list-type']).toBe('atomic')
  })

  // The rule names them: CEL cannot ask the catalog.
  it('asks for a dead-letter channel where an interceptor may need it', () => {
    const able = Object.keys(INTERCEPTORS).filter(
      (type) => INTERCEPTORS[type]!.deadLetters !== undefined,
    )
    const rule = at(flow, 'spec')['x-kubernetes-validations']!.find(({ message }) =>
      message.startsWith('an interceptor gives events up'),
    )
    const named = [...rule!.rule.matchAll(/has\(i\.(\w+)\)/g)].map((match) => match[1]!)
    expect(named.sort()).toEqual(able.sort())
  })
})

describe('the definition of FlumeAgent', () => {
  it('has the defaults of the schema', () => {
    const spec = at(agent, 'spec')
    expect(spec.default).toEqual(agentSpecSchema.parse({}))
    expect(at(agent, 'spec.replicas')).toMatchObject({ default: 1, minimum: 0, maximum: 100 })
    expect(at(agent, 'spec.storage').default).toEqual({ size: '10Gi' })
  })

  it('keeps what only Kubernetes knows', () => {
    for (const path of ['affinity', 'tolerations[]', 'podTemplate.spec', 'resources'])
      expect(at(agent, `spec.${path}`)['x-kubernetes-preserve-unknown-fields'], path).toBe(true)
  })

  it('can be scaled', () => {
    expect(definitions[0]!.spec.versions[0].subresources).toEqual({
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.selector',
      },
    })
  })
})

it('the columns show what waits, and for how long, on both kinds', () => {
  const columns = definitions.map((each) =>
    each.spec.versions[0].additionalPrinterColumns.map(({ name }) => name),
  )
  expect(columns).toEqual([
    ['Ready', 'Replicas', 'Ready-Replicas', 'Flows', 'Backlog', 'Oldest', 'Age'],
    ['Agent', 'Accepted', 'Programmed', 'Ready', 'Backlog', 'Oldest', 'Age'],
  ])
})
