import { SINK_GROUPS, SOURCES, CHANNELS } from '../../agent/config/entries.ts'
import { field, text } from './cel.ts'
import { POOL_NAME } from './constants.ts'
import { COMPONENT_ADDITIONS } from './crd-component-rules.ts'
import type { Addition, Additions } from './crd-schema.ts'
import type { ValidationRule } from './structural.ts'

/*
 * The edges of a flow: what its parts say of each other. The same as agent/config/check-flow.ts and its
 * neighbours say with the nearest name and the line; here as far as CEL can within its budget.
 */

/** Types of sources that listen. */
const LISTENING = Object.keys(SOURCES).filter((type) => SOURCES[type]!.listens !== undefined)

/** The port of the source `s`; 0 for one that does not listen or takes any. */
const portOf = (s: string): string =>
  LISTENING.reduceRight((rest, type) => `has(${s}.${type}) ? ${s}.${type}.port : ${rest}`, '0')

/** `self` is the spec: whether a channel of the name is there. */
const hasChannel = (name: string): string =>
  `(has(self.channels) ? self.channels.exists(c, c.name == ${name}) : ${name} == 'default')`

const strayChannel = `has(s.channel) && !${hasChannel('s.channel')}`
const straySource = `has(s.channels) && !s.channels.all(n, ${hasChannel('n')})`
const strayGroup = '!g.sinks.all(n, self.sinks.exists(s, s.name == n))'
const undrained = '!self.sinks.exists(s, has(s.channel) && s.channel == c.name)'
const fed =
  'self.sources.exists(s, has(s.channels) ? c.name in s.channels : !has(self.deadLetterChannel) || c.name != self.deadLetterChannel)'
const unfed = `!(has(self.deadLetterChannel) && c.name == self.deadLetterChannel) && !${fed}`
const isOnly = '!has(self.channels) || self.channels.size() == 1'

const EDGES: readonly ValidationRule[] = [
  {
    rule: 'has(self.agentRef) == has(oldSelf.agentRef) && (!has(self.agentRef) || self.agentRef.name == oldSelf.agentRef.name)',
    fieldPath: '.agentRef',
    message:
      'agentRef cannot change: the backlog stays with its pool. Make a new FlumeFlow and delete this one',
  },
  {
    rule: `!self.sources.exists(s, ${straySource})`,
    fieldPath: '.sources',
    message: 'a source names a channel that is not in spec.channels',
    messageExpression: `'source "' + self.sources.map(s, ${straySource}, s.name)[0] + '" names a channel that is not in spec.channels'`,
  },
  {
    rule: `!self.sinks.exists(s, ${strayChannel})`,
    fieldPath: '.sinks',
    message: 'a sink names a channel that is not in spec.channels',
    messageExpression: `'sink "' + self.sinks.map(s, ${strayChannel}, s.name)[0] + '" names channel "' + self.sinks.map(s, ${strayChannel}, s.channel)[0] + '", which is not in spec.channels'`,
  },
  {
    rule: `${isOnly} || self.sinks.all(s, has(s.channel))`,
    fieldPath: '.sinks',
    message: 'with more than one channel every sink must name the one it drains',
    messageExpression: `'sink "' + self.sinks.map(s, !has(s.channel), s.name)[0] + '" must name the channel it drains, as there are several'`,
  },
  {
    rule: `${isOnly} || !self.channels.exists(c, ${undrained})`,
    fieldPath: '.channels',
    message: 'a channel is drained by no sink',
    messageExpression: `'channel "' + self.channels.map(c, ${undrained}, c.name)[0] + '" is drained by no sink and would fill up: point a sink at it or remove it'`,
  },
  {
    rule: `!has(self.channels) || !self.channels.exists(c, ${unfed})`,
    fieldPath: '.channels',
    message: 'a channel is fed by no source',
    messageExpression: `'channel "' + self.channels.map(c, ${unfed}, c.name)[0] + '" is fed by no source: name it in the channels of one or remove it'`,
  },
]

const DEAD_LETTERS: readonly ValidationRule[] = [
  {
    rule: `!has(self.deadLetterChannel) || ${hasChannel('self.deadLetterChannel')}`,
    fieldPath: '.deadLetterChannel',
    message: 'deadLetterChannel names a channel that is not in spec.channels',
  },
  {
    rule: `!has(self.deadLetterChannel) || !(${isOnly}) || self.sources.all(s, has(s.channels))`,
    fieldPath: '.deadLetterChannel',
    message:
      'the only channel is that of the dead letters: add another for the events, or name it in the channels of the sources',
  },
  {
    rule: `has(self.deadLetterChannel) || !self.sources.exists(s, has(s.interceptors) && s.interceptors.exists(i, has(i.custom) || (has(i.validate) && (!has(i.validate.action) || i.validate.action == 'deadLetter'))))`,
    message:
      'an interceptor gives events up as dead letters: set deadLetterChannel to a channel that a sink drains',
  },
  {
    rule: `!has(self.deadLetterChannel) || !self.sources.exists(s, has(s.selector) && ((has(s.selector.replicating) && has(s.selector.replicating.optional) && self.deadLetterChannel in s.selector.replicating.optional) || (has(s.selector.multiplexing) && has(s.selector.multiplexing.mappings) && s.selector.multiplexing.mappings.exists(m, has(m.optional) && self.deadLetterChannel in m.optional))))`,
    fieldPath: '.deadLetterChannel',
    message:
      'the dead-letter channel cannot be optional in a selector: what it has no room for would be lost',
  },
]

const GROUPS: readonly ValidationRule[] = [
  {
    rule: `!has(self.sinkGroups) || !self.sinkGroups.exists(g, ${strayGroup})`,
    fieldPath: '.sinkGroups',
    message: 'a sink group names a sink that is not in spec.sinks',
    messageExpression: `'sink group "' + self.sinkGroups.map(g, ${strayGroup}, g.name)[0] + '" names a sink that is not in spec.sinks'`,
  },
  {
    rule: '!has(self.sinkGroups) || self.sinks.all(s, self.sinkGroups.filter(g, s.name in g.sinks).size() <= 1)',
    fieldPath: '.sinkGroups',
    message: 'a sink can be in one sink group only',
    messageExpression: `'sink "' + self.sinks.map(s, self.sinkGroups.filter(g, s.name in g.sinks).size() > 1, s.name)[0] + '" is in more than one sink group'`,
  },
  {
    rule: '!has(self.sinkGroups) || self.sinkGroups.all(g, !self.sinks.exists(s, s.name in g.sinks && self.sinks.exists(t, t.name in g.sinks && has(s.channel) && has(t.channel) && s.channel != t.channel)))',
    fieldPath: '.sinkGroups',
    message:
      'the sinks of a group drain different channels: one must be able to stand in for another',
  },
  {
    rule: '!has(self.sinkGroups) || !self.sinkGroups.exists(g, self.sinks.exists(s, s.name == g.name) && !self.sinkGroups.exists(h, g.name in h.sinks))',
    fieldPath: '.sinkGroups',
    message:
      'a sink in no group is a group of its own name: rename the group, or add the sink to it',
  },
]

const PORTS: readonly ValidationRule[] = [
  {
    rule: `self.sources.all(s, (${portOf('s')}) == 0 || self.sources.exists_one(t, (${portOf('t')}) == (${portOf('s')})))`,
    fieldPath: '.sources',
    message: 'two sources listen at the same port: give one of them another',
  },
  {
    rule: '!has(self.agentRef) || !self.sinks.exists(s, has(s.agent) && s.agent.name == self.agentRef.name)',
    fieldPath: '.sinks',
    message: 'a sink hands events to the agent that runs the flow: they would go round for ever',
  },
]

/** A sink group of a type that has one sink only. */
const ALONE = Object.keys(SINK_GROUPS).filter((type) => SINK_GROUPS[type]!.sinksMax === 1)

const SOURCE_ITEM: Addition = {
  rules: [
    {
      rule: `!has(self.service) || ${LISTENING.map((type) => `has(self.${type})`).join(' || ')}`,
      fieldPath: '.service',
      message: `only a source that listens (${LISTENING.join(', ')}) has a Service`,
    },
    {
      rule: '!has(self.channels) || !has(self.selector) || !has(self.selector.replicating) || !has(self.selector.replicating.optional) || self.selector.replicating.optional.all(n, n in self.channels)',
      fieldPath: '.selector',
      message: 'the selector names a channel that is not in the channels of the source',
    },
    {
      rule: '!has(self.channels) || !has(self.selector) || !has(self.selector.multiplexing) || ((!has(self.selector.multiplexing.default) || self.selector.multiplexing.default.all(n, n in self.channels)) && (!has(self.selector.multiplexing.mappings) || self.selector.multiplexing.mappings.all(m, (!has(m.channels) || m.channels.all(n, n in self.channels)) && (!has(m.optional) || m.optional.all(n, n in self.channels)))))',
      fieldPath: '.selector',
      message: 'the selector names a channel that is not in the channels of the source',
    },
  ],
}

const CHANNEL_ITEM: Addition = {
  rules: [
    {
      rule: Object.keys(CHANNELS)
        .map((type) => `has(${field(type)}) == has(${field(type, 'oldSelf')})`)
        .join(' && '),
      message:
        'the type of a channel cannot change: add a channel with a new name and remove this one once it is empty',
    },
  ],
}

const GROUP_ITEM: Addition = {
  rules: [
    ...ALONE.map((type) => ({
      rule: `!has(self.${type}) || self.sinks.size() == 1`,
      fieldPath: '.sinks',
      message: `a group of type ${type} has one sink: choose another type, or make several groups`,
    })),
    {
      rule: '!has(self.failover) || (self.failover.priorities.all(p, p.sink in self.sinks) && self.sinks.all(n, self.failover.priorities.exists(p, p.sink == n)))',
      fieldPath: '.failover',
      message: 'every sink of the group, and no other, has a priority',
    },
  ],
}

export const FLOW_ADDITIONS: Additions = {
  ...COMPONENT_ADDITIONS,
  '': { rules: [...EDGES, ...DEAD_LETTERS, ...GROUPS, ...PORTS] },
  'sources[]': SOURCE_ITEM,
  'sources[].channels': { set: true },
  'sources[].service': {
    rules: [
      {
        rule: "!has(self.externalTrafficPolicy) || (has(self.type) && self.type != 'ClusterIP')",
        fieldPath: '.externalTrafficPolicy',
        message: 'only a Service of type NodePort or LoadBalancer is reached from outside',
      },
    ],
  },
  'channels[]': CHANNEL_ITEM,
  'sinkGroups[]': GROUP_ITEM,
  'sinkGroups[].sinks': { set: true },
}

/** Of the whole object. */
export const NAME_RULE: ValidationRule = {
  rule: `self.metadata.name.matches(${text(POOL_NAME)})`,
  message:
    'name: at most 40 characters a-z, 0-9 and -, starting with a letter (pods, services and volumes carry it)',
}

/** A flow without agentRef runs in a pool of its own name. */
export const OWN_HOP_RULE: ValidationRule = {
  rule: 'has(self.spec.agentRef) || !self.spec.sinks.exists(s, has(s.agent) && s.agent.name == self.metadata.name)',
  fieldPath: '.spec.sinks',
  message: 'a sink hands events to the agent that runs the flow: they would go round for ever',
}
