import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { KIND_SCHEMAS } from '../../agent/config/schema.ts'
import { PERMISSIONS, USER_ROLES, policyRules } from '../../hack/chart/permissions.ts'
import { chartValues, valuesSchema } from '../../hack/chart/values.ts'
import { ROOT } from '../cli/flume.ts'

/** What is known of the chart without Helm; the rest is in render.apiserver.test.ts. */

const CHART = join(ROOT, 'charts', 'flume-operator')
const read = (...path: string[]): string => readFileSync(join(CHART, ...path), 'utf8')

describe('Chart.yaml', () => {
  const chart = load(read('Chart.yaml')) as {
    version: string
    appVersion: string
    annotations: Record<string, string>
  }
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  }

  test('its versions are those of the project', () => {
    expect([chart.version, chart.appVersion]).toEqual([version, version])
  })

  test('its examples of the kinds are manifests that the schemas take', () => {
    const examples = load(chart.annotations['artifacthub.io/crdsExamples']!) as { kind: string }[]
    expect(examples.map(({ kind }) => kind)).toEqual(['FlumeAgent', 'FlumeFlow'])
    for (const example of examples) {
      const schema = KIND_SCHEMAS[example.kind as keyof typeof KIND_SCHEMAS]
      expect(schema.safeParse(example)).toMatchObject({ success: true })
    }
  })

  test('its list of kinds is that of the definitions', () => {
    const listed = load(chart.annotations['artifacthub.io/crds']!) as {
      kind: string
      name: string
      version: string
    }[]
    const folder = join(CHART, 'files', 'crds')
    const definitions = readdirSync(folder).map(
      (name) => load(readFileSync(join(folder, name), 'utf8')) as Definition,
    )
    const names = definitions.map(({ metadata, spec }) => ({
      kind: spec.names.kind,
      name: metadata.name,
      version: spec.versions[0]!.name,
    }))
    expect(names).toEqual(
      listed.map(({ kind, name, version: of }) => ({ kind, name, version: of })),
    )
    for (const { metadata } of definitions)
      expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' })
  })
})

interface Definition {
  readonly metadata: { readonly name: string; readonly annotations: Record<string, string> }
  readonly spec: {
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly name: string }[]
  }
}

describe('the values', () => {
  test('values.yaml is what the schema gives for nothing', () => {
    const filled = fill({}, valuesSchema() as Property)
    expect(load(read('values.yaml'))).toEqual(filled)
    expect(chartValues.safeParse(filled)).toMatchObject({ success: true })
  })

  test('every value has a description, and no mapping of ours takes unknown ones', () => {
    const wrong: string[] = []
    const look = (property: Property, path: string): void => {
      if (property.properties === undefined) return
      if (property.additionalProperties !== false) wrong.push(`${path} takes unknown values`)
      for (const [key, inner] of Object.entries(property.properties)) {
        const name = path === '' ? key : `${path}.${key}`
        if (inner.description === undefined) wrong.push(`${name} has no description`)
        look(inner, name)
        if (inner.items !== undefined) look(inner.items, `${name}[]`)
      }
    }
    look(valuesSchema() as Property, '')
    expect(wrong).toEqual([])
  })

  test('each is used by a template, and templates use no other', () => {
    const files = readdirSync(join(CHART, 'templates'), { recursive: true, encoding: 'utf8' })
    const text = files
      .filter((name) => existsSync(join(CHART, 'templates', name)) && /\.\w+$/.test(name))
      .map((name) => read('templates', name))
      .join('\n')
    const used = new Set([...text.matchAll(/\.Values\.(\w+)/g)].map((match) => match[1]!))
    expect([...used].sort()).toEqual(Object.keys(chartValues.shape).sort())
  })
})

interface Property {
  readonly properties?: Readonly<Record<string, Property>>
  readonly items?: Property
  readonly additionalProperties?: unknown
  readonly description?: string
  readonly default?: unknown
}

/** The defaults of a schema, as values.yaml has them. */
function fill(into: Record<string, unknown>, schema: Property): Record<string, unknown> {
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.properties !== undefined) into[key] = fill({}, property)
    else if (property.default !== undefined) into[key] = property.default
  }
  return into
}

describe('the permissions', () => {
  const all = [...policyRules('watched', 'cluster', 'own'), ...USER_ROLES.flatMap((r) => r.rules)]

  test('none is about Secrets, roles or running commands, and none has a wildcard', () => {
    const words = all.flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs])
    expect(words.filter((word) => word.includes('*'))).toEqual([])
    const resources = all.flatMap(({ resources: names }) => names)
    expect(
      resources.filter((name) => /secrets|roles|rolebindings|exec|attach|portforward/.test(name)),
    ).toEqual([])
    for (const verb of ['escalate', 'bind', 'impersonate'])
      expect(all.flatMap(({ verbs }) => verbs)).not.toContain(verb)
  })

  test('pods are read, annotated by their status and evicted; volume claims are listed', () => {
    const about = (name: string): string[] =>
      PERMISSIONS.filter(({ resources }) => resources.includes(name)).flatMap(({ verbs }) => verbs)
    expect(about('pods')).toEqual(['get', 'list', 'watch'])
    expect(about('pods/status')).toEqual(['patch'])
    expect(about('pods/eviction')).toEqual(['create'])
    expect(about('persistentvolumeclaims')).toEqual(['list'])
  })

  test('each has its reason, and names a resource once', () => {
    for (const { why } of PERMISSIONS) expect(why).toMatch(/^[A-Z].*[.)]$/)
    const named = PERMISSIONS.flatMap(({ group, resources, names }) =>
      resources.map((name) => `${group}/${name}/${names?.join() ?? ''}`),
    )
    expect(new Set(named).size).toBe(named.length)
  })

  test('who sees pools and flows changes neither, and agents are nothing for less than edit', () => {
    for (const { name, aggregateTo, rules } of USER_ROLES) {
      const verbs = new Set(rules.flatMap((rule) => rule.verbs))
      const changes = ['create', 'update', 'patch', 'delete'].some((verb) => verbs.has(verb))
      expect([name, aggregateTo.includes('view')]).toEqual([name, !changes])
    }
  })
})
