import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PERMISSIONS } from '../../hack/chart/permissions.ts'
import { FLUME_AGENTS, FLUME_FLOWS } from '../../operator/api/constants.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import type { ResourceType } from '../../operator/kube/types.ts'
import { ROOT } from '../cli/flume.ts'

/** The text of the operator, without tests and without the list of kinds itself. */
const code = readdirSync(join(ROOT, 'operator'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .filter((name) => !['kube/resources.ts', 'api/constants.ts'].includes(name))
  .map((name) => readFileSync(join(ROOT, 'operator', name), 'utf8'))
  .join('\n')

const OURS: Readonly<Record<string, ResourceType>> = { FLUME_AGENTS, FLUME_FLOWS }
const idOf = ({ group, plural }: ResourceType): string => `${group}/${plural}`

test('the operator has permissions for the kinds that its code names, and for no others', () => {
  const named = [...code.matchAll(/\bRESOURCES\.(\w+)/g)].map(
    (match) => RESOURCES[match[1] as keyof typeof RESOURCES],
  )
  const ours = Object.entries(OURS).filter(([name]) => code.includes(name))
  const used = new Set([...named, ...ours.map(([, type]) => type)].map(idOf))
  const allowed = PERMISSIONS.flatMap(({ group, resources }) =>
    resources.filter((name) => !name.includes('/')).map((name) => `${group}/${name}`),
  )
  expect([...new Set(allowed)].sort()).toEqual([...used].sort())
})
