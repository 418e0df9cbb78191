import { describe, expect, test } from 'vitest'
import { NOW, agent, pod, report, statefulSet } from '../../test/operator/objects.ts'
import type { PodReport } from '../api/live.ts'
import { agentStatus } from './agent.ts'
import type { AgentFacts } from './agent.ts'

const hub = agent('hub', { replicas: 2 })
const calm: AgentFacts = {
  statefulSet: statefulSet('hub'),
  pods: [pod('hub', 0), pod('hub', 1)],
  reports: new Map(),
  flows: ['web'],
  image: 'x',
  problems: [],
  isTemplateNew: false,
  stalled: undefined,
  pending: undefined,
  deleting: undefined,
  now: NOW,
}

const shown = (facts: Partial<AgentFacts>, of = hub) => {
  const { conditions, ...rest } = agentStatus(of, { ...calm, ...facts })
  return {
    ...rest,
    ...Object.fromEntries(
      conditions!.map(({ type, status, reason, message }) => [
        type,
        `${status} ${reason} ${message}`.trim(),
      ]),
    ),
  }
}
const said = (...reports: readonly PodReport[]) =>
  new Map(reports.map((each, i) => [`pod-hub-${i}`, each]))

describe('a pool', () => {
  test('that is as it should be', () => {
    expect(shown({ reports: said(report(), report()) })).toEqual({
      observedGeneration: 1,
      replicas: 2,
      readyReplicas: 2,
      updatedReplicas: 2,
      selector: 'app.kubernetes.io/name=flume-agent,app.kubernetes.io/instance=hub',
      flows: 1,
      image: 'x',
      backlog: { events: 0, bytes: 0 },
      Ready: 'True AllReplicasReady 2 of 2 replicas are ready',
      Progressing: 'False UpToDate',
      Degraded: 'False AsExpected',
      Paused: 'False NotPaused',
    })
  })

  test('that grows, rolls out or stands still says so', () => {
    expect(shown({ pods: [pod('hub', 0)] })).toMatchObject({
      Ready: 'False ReplicasNotReady 1 of 2 replicas are ready',
      Progressing: 'True Scaling there are 1 pods, and 2 are wanted',
    })
    const pods = [pod('hub', 0, { revision: 'old' }), pod('hub', 1)]
    expect(shown({ pods })).toMatchObject({
      Progressing: 'True RollingOut 1 of 2 replicas have the newest template',
    })
    expect(shown({ pods, stalled: 'why' })).toMatchObject({
      Progressing: 'False Stalled 1 of 2 replicas have the newest template; why',
    })
    expect(shown({ isTemplateNew: true })).toMatchObject({
      Progressing: expect.stringContaining('True RollingOut'),
    })
    expect(shown({ statefulSet: undefined, pods: [] })).toMatchObject({
      Progressing: expect.stringContaining('True Scaling'),
    })
    const unseen = { ...statefulSet('hub'), status: {} }
    expect(shown({ statefulSet: unseen, pods: [], isTemplateNew: true })).toMatchObject({
      Progressing: expect.stringContaining('True Scaling'),
    })
    expect(shown({ deleting: 'waiting' })).toMatchObject({ Progressing: 'True Deleting waiting' })
    expect(shown({ pods: [] }, agent('hub', { replicas: 0 }))).toMatchObject({
      Ready: 'True NoReplicas the pool is scaled to zero',
    })
  })

  test('that needs attention says the worst first, and all of it', () => {
    const pods = [pod('hub', 0, { ready: false, waiting: 'ErrImagePull' }), pod('hub', 1)]
    const problems = [{ reason: 'PodTemplateInvalid', message: 'no such field' }] as const
    expect(shown({ pods, problems })).toMatchObject({
      Degraded: 'True PodTemplateInvalid no such field; hub-0: ErrImagePull',
    })
    expect(shown({ pods })).toMatchObject({ Degraded: 'True PodsFailing hub-0: ErrImagePull' })
  })

  test('whose agents refuse flows, hold what nothing drains, or are silent', () => {
    const refuses = report({ result: 'refused', problems: ['FLM1 no'] })
    expect(shown({ reports: said(refuses) })).toMatchObject({
      Degraded: 'True FlowsRefused hub-0 refuses the flow web: FLM1 no',
    })
    const waits = report({ result: 'refused', missingSecrets: [{ secret: 'a', key: 'b' }] })
    expect(shown({ reports: said(waits) })).toMatchObject({ Degraded: 'False AsExpected' })
    const leftChannels = [{ name: 'disk', events: 3 }]
    const left = report({ leftChannels }, { flow: 'old', leftChannels })
    expect(shown({ reports: said(left, left) })).toMatchObject({
      Degraded:
        'True OrphanedBacklog events wait where no sink drains them: the channel disk of the flow web (hub-0, hub-1); the channel disk of the flow old, which is gone (hub-0, hub-1). They are kept. Put the flow, or the channel, back to deliver them',
    })
    const silent = { ...report(), reachable: false }
    expect(shown({ reports: said(silent) })).toMatchObject({
      Degraded: expect.stringContaining('True AgentsUnreachable hub-0 did not answer'),
    })
  })

  test('that is paused says what would change', () => {
    expect(shown({ pending: [] })).toMatchObject({ Paused: 'True Paused nothing is to be changed' })
    expect(shown({ pending: ['a', 'b'] })).toMatchObject({
      Paused: 'True Paused to be changed: a; b',
    })
  })

  test('with an agent that was never asked keeps the backlog that was known', () => {
    const known = { ...hub, status: { backlog: { events: 5, bytes: 50 } } }
    expect(shown({ reports: said(report()) }, known)).toMatchObject({ backlog: { events: 5 } })
    expect(shown({ reports: said(report(), { ...report(), known: false }) }, known)).toMatchObject({
      backlog: { events: 5 },
    })
  })

  test('that is being deleted keeps what its pods said waits, as they leave', () => {
    const backlog = { events: 5, bytes: 50, oldestEventTime: undefined }
    const reports = said(report({ backlog }), report({ backlog }))
    const leaving = [pod('hub', 0, { leaving: true }), pod('hub', 1)]
    const facts = { deleting: 'waiting', reports }
    expect(shown({ ...facts, pods: leaving })).toMatchObject({ backlog: { events: 10 } })
    const known = { ...hub, status: { backlog: { events: 10, bytes: 100 } } }
    expect(shown({ ...facts, pods: [pod('hub', 1)] }, known)).toMatchObject({
      backlog: { events: 10 },
    })
  })
})
