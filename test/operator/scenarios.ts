import { FLUME_AGENTS, FLUME_FLOWS } from '../../operator/api/constants.ts'
import type { FlumeFlow } from '../../operator/api/types.ts'
import type { Scenario, Step } from './scenario.ts'

/* What users do, from a first object to a last wait. */

/** OPERATOR_RUNS=all, as in CI: every crash and every fault in each scenario, else some, by the seed. */
export const EVERY = process.env['OPERATOR_RUNS'] === 'all'

const hub = { agentRef: { name: 'hub' } }
const at = (port: number) => ({ sources: [{ name: 'in', avro: { port } }] })
/** Passes the rules of the API server, and not the checks of the agent. */
export const BAD = {
  sources: [
    { name: 'in', avro: { port: 4141 }, interceptors: [{ regexFilter: { regex: '(?=a)b' } }] },
  ],
}

const agent =
  (spec: object = {}): Step =>
  (world) =>
    world.agent('hub', { replicas: 2, ...spec })
const flow =
  (spec: object): Step =>
  (world) =>
    world.flow('web', { ...hub, ...spec })
const up: readonly Step[] = [(world) => world.agentReady('hub'), (world) => world.flowReady('web')]
const gone =
  (type: typeof FLUME_AGENTS | typeof FLUME_FLOWS, name: string): Step =>
  (world) =>
    world.until(`${name} is gone`, async () => (await world.get(type, name)) === undefined)

/** One crash after each of their writes is tried. */
export const SHORT: readonly Scenario[] = [
  { name: 'create', steps: [agent(), flow(at(4141)), ...up] },
  {
    name: 'flow change',
    steps: [
      agent(),
      flow(at(4141)),
      ...up,
      flow({ sources: [{ name: 'web', http: { port: 8080 } }] }),
      ...up,
    ],
  },
  {
    name: 'delete',
    steps: [
      agent(),
      flow(at(4141)),
      ...up,
      // What is known of a backlog stays when the pool goes, so that it has to be known by then.
      (world) =>
        world.until('the backlog is known', async () =>
          Boolean((await world.get<FlumeFlow>(FLUME_FLOWS, 'web'))?.status?.backlog),
        ),
      (world) => world.remove(FLUME_AGENTS, 'hub'),
      gone(FLUME_AGENTS, 'hub'),
      (world) => world.reason(FLUME_FLOWS, 'web', 'Accepted', 'AgentNotFound'),
    ],
  },
  {
    name: 'own pool',
    steps: [
      (world) => world.flow('own'),
      (world) => world.flowReady('own'),
      (world) => world.agentReady('own'),
      (world) => world.remove(FLUME_FLOWS, 'own'),
      gone(FLUME_AGENTS, 'own'),
    ],
  },
]

/** Of their writes a few are followed by a crash. */
export const LONG: readonly Scenario[] = [
  { name: 'scale up', steps: [agent(), flow(at(4141)), ...up, agent({ replicas: 4 }), ...up] },
  {
    name: 'image change',
    steps: [agent(), flow(at(4141)), ...up, agent({ image: 'flume-operator:next' }), ...up],
  },
  {
    name: 'bad flow',
    steps: [
      agent(),
      flow(at(4141)),
      ...up,
      flow(BAD),
      (world) => world.reason(FLUME_FLOWS, 'web', 'Programmed', 'NotAccepted'),
      (world) => world.flow('other', { ...hub, ...at(4242) }),
      (world) => world.flowReady('other'),
    ],
  },
  {
    name: 'Secret that comes later',
    steps: [
      agent(),
      flow({
        sources: [{ name: 'in', avro: { port: 4141, tls: { secretRef: { name: 'cert' } } } }],
      }),
      (world) => world.reason(FLUME_FLOWS, 'web', 'ResolvedRefs', 'SecretNotFound'),
      async ({ cluster, namespace }) => {
        for (const key of ['tls.crt', 'tls.key']) cluster.kubelet.addSecret(namespace, 'cert', key)
      },
      ...up,
    ],
  },
  {
    name: 'hop',
    steps: [
      (world) => world.flow('web', { ...hub, sinks: [{ name: 'next', agent: { name: 'far' } }] }),
      agent(),
      (world) => world.agent('far'),
      (world) => world.flow('collect', { agentRef: { name: 'far' }, ...at(4999) }),
      ...up,
      (world) => world.flowReady('collect'),
    ],
  },
]
