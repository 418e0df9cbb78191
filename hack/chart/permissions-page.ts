import { PERMISSIONS, USER_ROLES } from './permissions.ts'
import type { Permission, Scope } from './permissions.ts'

const SCOPES: readonly (readonly [Scope, string, string])[] = [
  [
    'watched',
    'In every namespace it works in',
    'By a ClusterRole; where `watchNamespaces` are named, by a Role in each of them and nowhere else.',
  ],
  [
    'cluster',
    'In the whole cluster',
    'For kinds that are in no namespace. Not given where `watchNamespaces` are named.',
  ],
  ['own', 'In its own namespace', 'By a Role in the namespace of the release.'],
]

type Table = (rows: readonly (readonly string[])[]) => string

/** docs/reference/permissions.md */
export function permissionsPage(notice: string, table: Table): string {
  return [
    notice,
    '# What the operator may do',
    'These are the rules of the roles that the Helm chart makes, and the ones under which the operator is tested. It has **no permission on Secrets**: nodes mount them into the pods of agents. It has no wildcard, and it cannot create, change or delete pods, roles or bindings.',
    ...SCOPES.flatMap(([scope, title, text]) => [
      `## ${title}`,
      text,
      table([
        ['group', 'resources', 'verbs', 'what for'],
        ['---', '---', '---', '---'],
        ...PERMISSIONS.filter((each) => each.scope === scope).map(permissionRow),
      ]),
    ]),
    '## What users may do',
    "With `rbac.aggregate`, which is on by default, Kubernetes' own roles take in these; `<name>` is that of the chart's objects. Without it the chart makes none of them.",
    table([
      ['role', 'part of', 'resources', 'verbs', 'what it gives'],
      ['---', '---', '---', '---', '---'],
      ...USER_ROLES.flatMap(({ name, aggregateTo, rules, why }) =>
        rules.map(({ resources, verbs }, i) => [
          i === 0 ? `\`<name>-${name}\`` : '',
          i === 0 ? aggregateTo.join(', ') : '',
          code(resources),
          verbs.join(', '),
          i === 0 ? why : '',
        ]),
      ),
    ]),
  ].join('\n\n')
}

function permissionRow({ group, resources, names, verbs, why }: Permission): string[] {
  const only = names === undefined ? '' : `, named ${code(names)} only`
  return [group === '' ? 'core' : group, `${code(resources)}${only}`, verbs.join(', '), why]
}

function code(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ')
}
