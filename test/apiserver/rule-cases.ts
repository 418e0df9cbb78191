/**
 * For each rule of the definitions an object that breaks it, one like it that does not, and what the API
 * server says of the first.
 */
export interface RuleCase {
  readonly rule: string
  readonly kind: 'FlumeFlow' | 'FlumeAgent'
  /** Default: test. */
  readonly name?: string
  readonly bad: unknown
  readonly good: unknown
  readonly problems: readonly string[]
  /** `flume validate` takes the bad one too: only Kubernetes minds. */
  readonly kubernetesOnly?: true
}

const SEQ = { name: 'in', seq: {} }
const OUT = { name: 'out', logger: {} }
const A = { name: 'a', file: {} }
const B = { name: 'b', file: {} }
const TO_A = { name: 'out', channel: 'a', logger: {} }
const TO_B = { name: 'other', channel: 'b', logger: {} }
const TWO = { sinks: [OUT, { name: 'other', logger: {} }] }
const LETTERS = {
  channels: [A, { name: 'dead', file: {} }],
  sinks: [TO_A, { name: 'letters', channel: 'dead', logger: {} }],
}

const flow = (spec: object): object => ({ sources: [SEQ], sinks: [OUT], ...spec })
const source = (each: object): object => flow({ sources: [{ name: 'in', ...each }] })
const interceptor = (each: object): object => source({ seq: {}, interceptors: [each] })
const selector = (each: object, more: object = {}): object =>
  flow({
    sources: [{ name: 'in', seq: {}, selector: each, ...more }],
    channels: [A, B],
    sinks: [TO_A, TO_B],
  })
const channel = (each: object): object => flow({ channels: [{ name: 'a', ...each }] })
const sink = (each: object): object => flow({ sinks: [{ name: 'out', ...each }] })
const group = (each: object): object => flow({ ...TWO, sinkGroups: [each] })

/** A case of a FlumeFlow. */
const of = (rule: string, bad: unknown, good: unknown, ...problems: string[]): RuleCase => ({
  rule,
  kind: 'FlumeFlow',
  bad,
  good,
  problems,
})

const ONE_TYPE = (first: string): string =>
  `set exactly one type (write "${first}: {}", not "${first}:", for one without settings)`

const TYPES: readonly RuleCase[] = [
  of(
    'a source has one type',
    source({}),
    source({ seq: {} }),
    `spec.sources[0]: "in": ${ONE_TYPE('tail')}`,
  ),
  of(
    'not two',
    source({ seq: {}, stress: {} }),
    source({ stress: {} }),
    `spec.sources[0]: "in": ${ONE_TYPE('tail')}`,
  ),
  of(
    'an interceptor has one type',
    interceptor({}),
    interceptor({ timestamp: {} }),
    `spec.sources[0].interceptors[0]: ${ONE_TYPE('timestamp')}`,
  ),
  of(
    'a selector has one type',
    source({ seq: {}, selector: {} }),
    source({ seq: {}, selector: { replicating: {} } }),
    `spec.sources[0].selector: ${ONE_TYPE('replicating')}`,
  ),
  of(
    'a channel has one type',
    channel({}),
    channel({ file: {} }),
    `spec.channels[0]: "a": ${ONE_TYPE('file')}`,
  ),
  of(
    'a sink has one type',
    sink({ logger: {}, null: {} }),
    sink({ null: {} }),
    `spec.sinks[0]: "out": ${ONE_TYPE('agent')}`,
  ),
  of(
    'a sink group has one type',
    group({ name: 'g', sinks: ['out'] }),
    group({ name: 'g', sinks: ['out'], single: {} }),
    `spec.sinkGroups[0]: "g": ${ONE_TYPE('single')}`,
  ),
]

const EDGES: readonly RuleCase[] = [
  of(
    'a source names channels of the flow',
    flow({ sources: [{ ...SEQ, channels: ['a', 'x'] }], channels: [A], sinks: [TO_A] }),
    flow({ sources: [{ ...SEQ, channels: ['a'] }], channels: [A], sinks: [TO_A] }),
    'spec.sources: source "in" names a channel that is not in spec.channels',
  ),
  of(
    'or the one that there is without channels',
    source({ seq: {}, channels: ['disk'] }),
    source({ seq: {}, channels: ['default'] }),
    'spec.sources: source "in" names a channel that is not in spec.channels',
  ),
  of(
    'a sink names a channel of the flow',
    sink({ channel: 'disk', logger: {} }),
    sink({ channel: 'default', logger: {} }),
    'spec.sinks: sink "out" names channel "disk", which is not in spec.channels',
  ),
  of(
    'a sink says which of several channels it drains',
    flow({ channels: [A, B], sinks: [TO_A, TO_B, { name: 'stray', logger: {} }] }),
    flow({ channels: [A, B], sinks: [TO_A, TO_B] }),
    'spec.sinks: sink "stray" must name the channel it drains, as there are several',
  ),
  of(
    'every channel is drained',
    flow({ channels: [A, B], sinks: [TO_A] }),
    flow({ channels: [A, B], sinks: [TO_A, TO_B] }),
    'spec.channels: channel "b" is drained by no sink and would fill up: point a sink at it or remove it',
  ),
  of(
    'every channel is fed',
    flow({ sources: [{ ...SEQ, channels: ['a'] }], channels: [A, B], sinks: [TO_A, TO_B] }),
    flow({ sources: [{ ...SEQ, channels: ['a', 'b'] }], channels: [A, B], sinks: [TO_A, TO_B] }),
    'spec.channels: channel "b" is fed by no source: name it in the channels of one or remove it',
  ),
  of(
    'a replicating selector names channels of the source',
    selector({ replicating: { optional: ['b'] } }, { channels: ['a'] }),
    selector({ replicating: { optional: ['b'] } }, { channels: ['a', 'b'] }),
    'spec.channels: channel "b" is fed by no source: name it in the channels of one or remove it',
    'spec.sources[0].selector: the selector names a channel that is not in the channels of the source',
  ),
  of(
    'a multiplexing selector too',
    selector(
      { multiplexing: { mappings: [{ value: 'x', channels: ['c'] }], default: ['a', 'b'] } },
      { channels: ['a', 'b'] },
    ),
    selector(
      { multiplexing: { mappings: [{ value: 'x', channels: ['b'] }], default: ['a', 'b'] } },
      { channels: ['a', 'b'] },
    ),
    'spec.sources[0].selector: the selector names a channel that is not in the channels of the source',
  ),
  of(
    'a channel is named once by a source',
    flow({ sources: [{ ...SEQ, channels: ['a', 'a'] }], channels: [A], sinks: [TO_A] }),
    flow({ sources: [{ ...SEQ, channels: ['a'] }], channels: [A], sinks: [TO_A] }),
    'spec.sources[0].channels[1]: Duplicate value: "a"',
  ),
  of(
    'names are used once',
    flow({ sinks: [OUT, OUT] }),
    flow(TWO),
    'spec.sinks[1]: Duplicate value: {"name":"out"}',
  ),
  of(
    'two sources do not share a port',
    flow({
      sources: [
        { name: 'x', avro: { port: 4141 } },
        { name: 'y', http: { port: 4141 } },
      ],
    }),
    flow({
      sources: [
        { name: 'x', avro: { port: 4141 } },
        { name: 'y', http: { port: 8080 } },
        { name: 'z', http: { port: 0 } },
        { name: 'zz', http: { port: 0 } },
      ],
    }),
    'spec.sources: two sources listen at the same port: give one of them another',
  ),
  of(
    'events do not go round',
    flow({ agentRef: { name: 'hub' }, sinks: [{ name: 'out', agent: { name: 'hub' } }] }),
    flow({ agentRef: { name: 'edge' }, sinks: [{ name: 'out', agent: { name: 'hub' } }] }),
    'spec.sinks: a sink hands events to the agent that runs the flow: they would go round for ever',
  ),
  of(
    'nor in an agent of its own',
    sink({ agent: { name: 'test' } }),
    sink({ agent: { name: 'hub' } }),
    'spec.sinks: a sink hands events to the agent that runs the flow: they would go round for ever',
  ),
]

const DEAD_LETTERS: readonly RuleCase[] = [
  of(
    'the dead-letter channel is one of the flow',
    flow({ ...LETTERS, deadLetterChannel: 'lost' }),
    flow({ ...LETTERS, deadLetterChannel: 'dead' }),
    'spec.deadLetterChannel: deadLetterChannel names a channel that is not in spec.channels',
  ),
  of(
    'and not the only one',
    flow({ deadLetterChannel: 'default' }),
    flow({ sources: [{ ...SEQ, channels: ['default'] }], deadLetterChannel: 'default' }),
    'spec.deadLetterChannel: the only channel is that of the dead letters: add another for the events, or name it in the channels of the sources',
  ),
  of(
    'an interceptor that gives up needs one',
    interceptor({ validate: { utf8: true } }),
    interceptor({ validate: { utf8: true, action: 'drop' } }),
    'spec: an interceptor gives events up as dead letters: set deadLetterChannel to a channel that a sink drains',
  ),
  of(
    'a custom one always',
    interceptor({ custom: { module: 'x.js' } }),
    flow({
      ...LETTERS,
      sources: [{ ...SEQ, interceptors: [{ timestamp: {} }] }],
      deadLetterChannel: 'dead',
    }),
    'spec: an interceptor gives events up as dead letters: set deadLetterChannel to a channel that a sink drains',
  ),
  of(
    'it is not optional',
    flow({
      ...LETTERS,
      sources: [
        { ...SEQ, channels: ['a', 'dead'], selector: { replicating: { optional: ['dead'] } } },
      ],
      deadLetterChannel: 'dead',
    }),
    flow({
      ...LETTERS,
      sources: [
        { ...SEQ, channels: ['a', 'dead'], selector: { replicating: { optional: ['a'] } } },
      ],
      deadLetterChannel: 'dead',
    }),
    'spec.deadLetterChannel: the dead-letter channel cannot be optional in a selector: what it has no room for would be lost',
  ),
]

const GROUPS: readonly RuleCase[] = [
  of(
    'a group names sinks of the flow',
    group({ name: 'g', sinks: ['out', 'x'], loadBalance: {} }),
    group({ name: 'g', sinks: ['out', 'other'], loadBalance: {} }),
    'spec.sinkGroups: sink group "g" names a sink that is not in spec.sinks',
  ),
  of(
    'a sink is in one group',
    flow({
      ...TWO,
      sinkGroups: [
        { name: 'g', sinks: ['out'], single: {} },
        { name: 'h', sinks: ['out', 'other'], loadBalance: {} },
      ],
    }),
    flow({
      ...TWO,
      sinkGroups: [
        { name: 'g', sinks: ['out'], single: {} },
        { name: 'h', sinks: ['other'], loadBalance: {} },
      ],
    }),
    'spec.sinkGroups: sink "out" is in more than one sink group',
  ),
  of(
    'a sink is named once in a group',
    group({ name: 'g', sinks: ['out', 'out'], loadBalance: {} }),
    group({ name: 'g', sinks: ['out', 'other'], loadBalance: {} }),
    'spec.sinkGroups[0].sinks[1]: Duplicate value: "out"',
  ),
  of(
    'the sinks of a group drain one channel',
    flow({
      channels: [A, B],
      sinks: [TO_A, TO_B],
      sinkGroups: [{ name: 'g', sinks: ['out', 'other'], loadBalance: {} }],
    }),
    flow({
      channels: [A],
      sinks: [TO_A, { name: 'other', channel: 'a', logger: {} }],
      sinkGroups: [{ name: 'g', sinks: ['out', 'other'], loadBalance: {} }],
    }),
    'spec.sinkGroups: the sinks of a group drain different channels: one must be able to stand in for another',
  ),
  of(
    'a sink in no group is one itself',
    group({ name: 'other', sinks: ['out'], single: {} }),
    group({ name: 'out', sinks: ['out'], single: {} }),
    'spec.sinkGroups: a sink in no group is a group of its own name: rename the group, or add the sink to it',
  ),
  of(
    'a single group has one sink',
    group({ name: 'g', sinks: ['out', 'other'], single: {} }),
    group({ name: 'g', sinks: ['out'], single: {} }),
    'spec.sinkGroups[0].sinks: a group of type single has one sink: choose another type, or make several groups',
  ),
  of(
    'priorities are of the sinks of the group',
    group({
      name: 'g',
      sinks: ['out', 'other'],
      failover: {
        priorities: [
          { sink: 'out', priority: 1 },
          { sink: 'x', priority: 2 },
        ],
      },
    }),
    group({
      name: 'g',
      sinks: ['out', 'other'],
      failover: {
        priorities: [
          { sink: 'out', priority: 1 },
          { sink: 'other', priority: 2 },
        ],
      },
    }),
    'spec.sinkGroups[0].failover: every sink of the group, and no other, has a priority',
  ),
  of(
    'priorities differ',
    group({
      name: 'g',
      sinks: ['out', 'other'],
      failover: {
        priorities: [
          { sink: 'out', priority: 1 },
          { sink: 'other', priority: 1 },
        ],
      },
    }),
    group({
      name: 'g',
      sinks: ['out', 'other'],
      failover: {
        priorities: [
          { sink: 'out', priority: -1 },
          { sink: 'other', priority: 1 },
        ],
      },
    }),
    'spec.sinkGroups[0].failover.priorities: two sinks have the same priority: give each a number of its own',
  ),
]

const http = (config: object): object => source({ http: { port: 8080, ...config } })
const avro = (config: object): object => source({ avro: { port: 4141, ...config } })
const client = (config: object): object => sink({ avro: { host: 'h', port: 1, ...config } })
const SECRET = { name: 's' }

const COMPONENTS: readonly RuleCase[] = [
  of(
    'a size has its form',
    channel({ file: { capacity: '1 GB' } }),
    channel({ file: { capacity: '1G' } }),
    'spec.channels[0].file.capacity: expected a size such as 64Mi, 10Gi or 4096',
  ),
  of(
    'also as a number',
    interceptor({ validate: { maxBodySize: -1, action: 'drop' } }),
    interceptor({ validate: { maxBodySize: 0, action: 'drop' } }),
    'spec.sources[0].interceptors[0].validate.maxBodySize: expected a size such as 64Mi, 10Gi or 4096',
  ),
  of(
    'a duration has its form',
    source({ tail: { files: ['/a'], scanInterval: '5' } }),
    source({ tail: { files: ['/a'], scanInterval: '0.5m' } }),
    'spec.sources[0].tail.scanInterval: expected a duration such as 500ms, 30s, 5m or 1h, got 5',
  ),
  of(
    'a tail source has files',
    source({ tail: { files: [] } }),
    source({ tail: { groups: [{ name: 'g', files: ['/a'] }] } }),
    'spec.sources[0].tail.files: expected at least one pattern in "files" or one group in "groups"',
  ),
  of(
    'the keys of headers have characters',
    source({ tail: { files: ['/a'], headers: { '': 'x' } } }),
    source({ tail: { files: ['/a'], headers: { k: 'x' } } }),
    'spec.sources[0].tail.headers: expected keys of at least 1 and at most 256 characters',
  ),
  of(
    'in groups too',
    source({ tail: { groups: [{ name: 'g', files: ['/a'], headers: { '': 'x' } }] } }),
    source({ tail: { groups: [{ name: 'g', files: ['/a'], headers: { k: 'x' } }] } }),
    'spec.sources[0].tail.groups[0].headers: expected keys of at least 1 and at most 256 characters',
  ),
  of(
    'a frame fits into what is in flight',
    avro({ maxInFlightSize: '8Mi' }),
    avro({ maxInFlightSize: '8Mi', maxFrameSize: 8_388_608 }),
    'spec.sources[0].avro.maxInFlightSize: expected at least the maxFrameSize',
  ),
  of(
    'an IP rule is about one thing',
    avro({ ipFilter: [{ action: 'allow', ip: '10.0.0.0/8', name: 'localhost' }] }),
    avro({ ipFilter: [{ action: 'allow', name: 'localhost' }] }),
    'spec.sources[0].avro.ipFilter[0]: expected either ip or name',
  ),
  of(
    'headers are read before the request',
    http({ headersTimeout: '2m' }),
    http({ headersTimeout: '2m', requestTimeout: '120s' }),
    'spec.sources[0].http.headersTimeout: expected at most the requestTimeout',
  ),
  of(
    'a body fits into all bodies',
    http({ maxBodySize: '64Mi', maxBodiesSize: '63Mi' }),
    http({ maxBodySize: '64Mi', maxBodiesSize: '64Mi' }),
    'spec.sources[0].http.maxBodiesSize: expected at least the maxBodySize',
  ),
  of(
    'only what listens has a Service',
    source({ seq: {}, service: {} }),
    http({}),
    'spec.sources[0].service: only a source that listens (avro, http) has a Service',
  ),
  of(
    'traffic from outside needs a Service that lets it in',
    source({ http: { port: 8080 }, service: { externalTrafficPolicy: 'Local' } }),
    source({
      http: { port: 8080 },
      service: { type: 'LoadBalancer', port: 80, externalTrafficPolicy: 'Local' },
    }),
    'spec.sources[0].service.externalTrafficPolicy: only a Service of type NodePort or LoadBalancer is reached from outside',
  ),
  of(
    'the keys of annotations have their form',
    source({ http: { port: 8080 }, service: { annotations: { 'a b': '' } } }),
    source({ http: { port: 8080 }, service: { annotations: { 'example.com/a': 'any thing' } } }),
    'spec.sources[0].service.annotations: expected keys of at most 317 characters of the form ^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$',
  ),
  of(
    'validate has something to validate',
    interceptor({ validate: { utf8: false, action: 'drop' } }),
    interceptor({ validate: { requiredHeaders: ['h'], action: 'drop' } }),
    'spec.sources[0].interceptors[0].validate: expected at least one check: requiredHeaders, maxBodySize, utf8 or json',
  ),
  of(
    'a mapping leads somewhere',
    selector({ multiplexing: { mappings: [{ value: 'x' }], default: ['a', 'b'] } }),
    selector({
      multiplexing: { mappings: [{ value: 'x', optional: ['a'] }], default: ['a', 'b'] },
    }),
    'spec.sources[0].selector.multiplexing.mappings[0]: expected `channels`, `optional` or both',
  ),
  of(
    'a value is mapped once',
    selector({
      multiplexing: {
        mappings: [
          { value: 'x', channels: ['a'] },
          { value: 'x', channels: ['b'] },
        ],
      },
    }),
    selector({
      multiplexing: {
        mappings: [
          { value: 'x', channels: ['a'] },
          { value: 'y', channels: ['b'] },
        ],
      },
    }),
    'spec.sources[0].selector.multiplexing.mappings[1]: Duplicate value: {"value":"x"}',
  ),
  of(
    'segments fit into the capacity',
    channel({ file: { capacity: '1Gi', segmentSize: '512Mi' } }),
    channel({ file: { capacity: '1Gi', segmentSize: '256Mi' } }),
    'spec.channels[0].file.segmentSize: expected at most a quarter of the capacity: lower segmentSize or raise capacity',
  ),
  of(
    'also into that which there is by default',
    channel({ file: { segmentSize: '300Mi' } }),
    channel({ file: { segmentSize: 268_435_456 } }),
    'spec.channels[0].file.segmentSize: expected at most a quarter of the capacity: lower segmentSize or raise capacity',
  ),
  of(
    'a transaction fits into a memory channel',
    channel({ memory: { capacity: 10, transactionCapacity: 11 } }),
    channel({ memory: { capacity: 11, transactionCapacity: 11 } }),
    'spec.channels[0].memory.transactionCapacity: expected at most `capacity`',
  ),
  of(
    'a request fits into what is in flight to an agent',
    sink({ agent: { name: 'hub', maxInFlight: 8191 } }),
    sink({ agent: { name: 'hub', maxInFlight: 8192 } }),
    'spec.sinks[0].agent.maxInFlight: expected at least `batchSize`',
  ),
  of(
    'and to an Avro source',
    client({ maxInFlight: 99 }),
    client({ maxInFlight: 99, batchSize: 99 }),
    'spec.sinks[0].avro.maxInFlight: expected at least `batchSize`',
  ),
  of(
    'a path has no NUL',
    sink({ file: { directory: '/a\u0000b' } }),
    sink({ file: { directory: '/a b' } }),
    'spec.sinks[0].file.directory: expected a path without NUL',
  ),
  of(
    'delays grow',
    group({ name: 'g', sinks: ['out'], single: { backoffMin: '1m' } }),
    group({ name: 'g', sinks: ['out'], single: { backoffMin: '1m', backoffMax: '60s' } }),
    'spec.sinkGroups[0].single.backoffMin: expected at most `backoffMax`',
  ),
]

/** TLS of a source that listens, and of a sink that connects. */
const TLS: readonly RuleCase[] = [
  ...(['avro', 'http'] as const).flatMap((type) => {
    const tls = (config: object): object => source({ [type]: { port: 4141, tls: config } })
    const place = `spec.sources[0].${type}.tls`
    const files = { certificate: '/c', key: '/k' }
    return [
      of(
        `${type}: a Secret takes the place of the files`,
        tls({ secretRef: SECRET, ...files }),
        tls({ secretRef: SECRET, clientAuth: 'required' }),
        `${place}: secretRef takes the place of certificate, key, passphraseFile and clientCa: leave one or the other out`,
      ),
      of(
        `${type}: a certificate has a key`,
        tls({ certificate: '/c' }),
        tls(files),
        `${place}: give certificate and key, or secretRef`,
      ),
      of(
        `${type}: certificates of clients have an authority`,
        tls({ ...files, clientAuth: 'optional' }),
        tls({ ...files, clientAuth: 'optional', clientCa: '/a' }),
        `${place}.clientAuth: this needs clientCa, the authorities to trust`,
      ),
    ]
  }),
  ...(['agent', 'avro'] as const).flatMap((type) => {
    const target = type === 'agent' ? { name: 'hub' } : { host: 'h', port: 1 }
    const tls = (config: object): object => sink({ [type]: { ...target, tls: config } })
    const place = `spec.sinks[0].${type}.tls`
    const files = { certificate: '/c', key: '/k' }
    return [
      of(
        `${type}: a Secret takes the place of the authority`,
        tls({ caSecretRef: SECRET, ca: '/a' }),
        tls({ caSecretRef: SECRET }),
        `${place}: caSecretRef takes the place of ca: leave one of the two out`,
      ),
      of(
        `${type}: a Secret takes the place of the certificate`,
        tls({ certificateSecretRef: SECRET, ...files }),
        tls({ certificateSecretRef: SECRET, ca: '/a' }),
        `${place}: certificateSecretRef takes the place of certificate, key and passphraseFile: leave one or the other out`,
      ),
      of(
        `${type}: a key has a certificate`,
        tls({ key: '/k' }),
        tls(files),
        `${place}: certificate and key are of use only together`,
      ),
    ]
  }),
]

const NAME =
  'name: at most 40 characters a-z, 0-9 and -, starting with a letter (pods, services and volumes carry it)'

const agent = (rule: string, bad: unknown, good: unknown, ...problems: string[]): RuleCase => ({
  rule,
  kind: 'FlumeAgent',
  bad,
  good,
  problems,
})

const AGENTS: readonly RuleCase[] = [
  agent(
    'amounts have their form',
    { resources: { limits: { memory: '1GB', cpu: -1 } } },
    { resources: { limits: { memory: '1Gi', cpu: 1 } } },
    'spec.resources.limits[cpu]: expected a quantity such as 500m, 2 or 4Gi',
    'spec.resources.limits[memory]: expected a quantity such as 500m, 2 or 4Gi',
  ),
  agent(
    'a volume has a size',
    { storage: { size: '20 GB' } },
    { storage: { size: '1.5Ti' } },
    'spec.storage.size: expected a size such as 20Gi, at least 16Mi, got 20 GB',
  ),
  agent(
    'that is of use',
    { storage: { size: '15Mi' } },
    { storage: { size: '16Mi' } },
    'spec.storage.size: expected a size such as 20Gi, at least 16Mi, got 15Mi',
  ),
  agent(
    'an account that is there has its annotations',
    { serviceAccount: { name: 'a', annotations: { b: 'c' } } },
    { serviceAccount: { annotations: { b: 'c' } } },
    'spec.serviceAccount.annotations: only an account that is made has annotations: remove them, or the name',
  ),
  agent(
    'resources have names',
    { resources: { limits: { '': 1 } } },
    { resources: { limits: { cpu: 1, memory: '1Gi' }, claims: [{ name: 'x' }] } },
    'spec.resources.limits: expected keys of at least 1 and at most 317 characters',
  ),
  agent(
    'requests too',
    { resources: { requests: { '': 1 } } },
    { resources: { requests: { cpu: '500m' } } },
    'spec.resources.requests: expected keys of at least 1 and at most 317 characters',
  ),
  ...[
    ['nodeSelector', 'spec.nodeSelector', (map: object) => ({ nodeSelector: map })] as const,
    [
      'labels',
      'spec.podTemplate.metadata.labels',
      (map: object) => ({ podTemplate: { metadata: { labels: map } } }),
    ] as const,
    [
      'annotations',
      'spec.podTemplate.metadata.annotations',
      (map: object) => ({ podTemplate: { metadata: { annotations: map } } }),
    ] as const,
    [
      'annotations of the account',
      'spec.serviceAccount.annotations',
      (map: object) => ({ serviceAccount: { annotations: map } }),
    ] as const,
  ].map(([what, place, spec]) =>
    agent(
      `the keys of ${what} have their form`,
      spec({ '-a': 'x' }),
      spec({ 'example.com/a.b_c': 'x' }),
      `${place}: expected keys of at most 317 characters of the form ^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`,
    ),
  ),
]

const NAMES: readonly RuleCase[] = [
  {
    ...of('the name of a flow is short', flow({}), flow({}), `<nil>: ${NAME}`),
    name: 'a'.repeat(41),
    kubernetesOnly: true,
  },
  {
    ...agent('the name of an agent begins with a letter', {}, {}, `<nil>: ${NAME}`),
    name: '1hub',
    kubernetesOnly: true,
  },
]

export const RULE_CASES: readonly RuleCase[] = [
  ...TYPES,
  ...EDGES,
  ...DEAD_LETTERS,
  ...GROUPS,
  ...COMPONENTS,
  ...TLS,
  ...AGENTS,
  ...NAMES,
]
