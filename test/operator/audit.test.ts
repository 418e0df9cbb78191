import { expect, test } from 'vitest'
import type { AuditEvent } from './audit.ts'
import { leadsOf, refused, writesOf, writesWithoutLead } from './audit.ts'

function event(
  at: number,
  process: string,
  verb: string,
  more: Partial<AuditEvent> = {},
): AuditEvent {
  return {
    stage: 'ResponseComplete',
    verb,
    requestURI: '/x',
    user: { username: 'u', extra: { 'authentication.kubernetes.io/credential-id': [process] } },
    objectRef: { resource: 'statefulsets', name: 'hub' },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: `2026-01-01T00:00:00.00000${at}Z`,
    ...more,
  }
}

function lease(at: number, process: string, holderIdentity = process, code = 200): AuditEvent {
  return event(at, process, 'patch', {
    objectRef: { resource: 'leases', name: 'flume-operator' },
    responseStatus: { code },
    responseObject: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'flume-operator' },
      spec: { holderIdentity },
    },
  })
}

test('one who writes after another one has the lead is found', () => {
  const events = [lease(1, 'a'), event(2, 'a', 'patch'), lease(3, 'a'), lease(4, 'b')]
  expect(writesWithoutLead([...events, event(5, 'b', 'patch')])).toEqual([])
  expect(writesWithoutLead([...events, event(5, 'a', 'patch')])).toEqual([
    '2026-01-01T00:00:00.000005Z a patch statefulsets/hub',
  ])
})

test('nobody may write before there is a lead, or after it was let go', () => {
  const events = [
    event(1, 'a', 'create'),
    lease(2, 'a'),
    lease(3, 'a', ''),
    event(4, 'a', 'delete'),
  ]
  expect(writesWithoutLead(events)).toHaveLength(2)
  expect(leadsOf(events).map(({ process }) => process)).toEqual(['a', undefined])
})

test('a lease that was refused is none', () => {
  expect(leadsOf([lease(1, 'a'), lease(2, 'b', 'b', 409)])).toHaveLength(1)
})

test('reads, dry runs, Events and the lease itself are open to all', () => {
  const events = [
    event(1, 'a', 'watch'),
    event(2, 'a', 'patch', { requestURI: '/x?dryRun=All' }),
    event(3, 'a', 'create', { objectRef: { resource: 'events' } }),
    lease(4, 'a'),
  ]
  expect(writesOf(events)).toEqual([])
})

test('what was refused is told', () => {
  const objectRef = { resource: 'pods', name: 'hub-0', subresource: 'status' }
  const event403 = event(1, 'a', 'patch', { responseStatus: { code: 403 }, objectRef })
  expect(refused([event403, event(2, 'a', 'get')])).toEqual(['patch pods/hub-0/status'])
})
