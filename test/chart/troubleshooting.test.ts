import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AGENT_REASONS, FLOW_REASONS } from '../../operator/api/conditions.ts'
import { ROOT } from '../cli/flume.ts'

const page = readFileSync(join(ROOT, 'docs', 'kubernetes', 'troubleshooting.md'), 'utf8')

/** Reasons of conditions that say that all is well, or what is under way at the wish of the user. */
const WELL = new Set([
  'AllReplicasReady',
  'UpToDate',
  'AsExpected',
  'NotPaused',
  'Accepted',
  'ResolvedRefs',
  'Programmed',
  'Ready',
])

const REASONS = [...new Set([...Object.keys(AGENT_REASONS), ...Object.keys(FLOW_REASONS)])]

/** Reasons of Events that the controller tells by itself. */
const controller = join(ROOT, 'operator', 'controller')
const code = readdirSync(controller)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(controller, name), 'utf8'))
  .join('\n')
const told = [...code.matchAll(/\breason: '([A-Z]\w+)', action: '/g)].map((match) => match[1]!)

test('every reason that is not good news is explained', () => {
  const missing = REASONS.filter((reason) => !WELL.has(reason))
  expect(missing.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
})

test('the reasons it explains are ones that the operator gives, in a condition or an Event', () => {
  const rows = [...page.matchAll(/^\| (?:\w+, )?`([A-Z]\w+)`/gm)].map((match) => match[1]!)
  // What Kubernetes says of pods.
  const kubernetes = new Set(['ImagePullBackOff', 'Pending', 'Terminating'])
  const known = new Set([...REASONS, ...kubernetes, ...told])
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.filter((reason) => !known.has(reason))).toEqual([])
})

test('every Event that is no change of a condition is explained', () => {
  expect(told.length).toBeGreaterThan(0)
  expect(told.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
})
