import { readFileSync } from 'node:fs'
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

test('every reason that is not good news is explained', () => {
  const missing = REASONS.filter((reason) => !WELL.has(reason))
  expect(missing.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
})

test('the reasons it explains are ones that the operator gives', () => {
  const rows = [...page.matchAll(/^\| (?:\w+, )?`([A-Z]\w+)` /gm)].map((match) => match[1]!)
  // What Kubernetes says of pods.
  const kubernetes = new Set(['ImagePullBackOff', 'Pending', 'Terminating'])
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.filter((reason) => !REASONS.includes(reason) && !kubernetes.has(reason))).toEqual([])
})
