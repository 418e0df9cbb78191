/*
 * The words of the status: each type of condition and each reason once, with what it means. The
 * reference is made from these lists.
 */

export const AGENT_CONDITIONS = {
  Ready: 'All replicas that are wanted can serve.',
  Progressing: 'The pool is being brought to what its specification says.',
  Degraded: 'Something needs attention, although agents may run.',
  Paused: 'The operator leaves the pool as it is.',
} as const

export const FLOW_CONDITIONS = {
  Accepted: 'The flow is without mistakes and does not clash with another.',
  ResolvedRefs: 'What the flow names is there: its agent, those it hands events to, Secrets.',
  Programmed: 'All replicas of the pool run the newest version of the flow.',
  Ready: 'The flow takes in and delivers events.',
} as const

export const AGENT_REASONS = {
  AllReplicasReady: 'as many replicas are ready as are wanted',
  ReplicasNotReady: 'some replicas cannot serve yet or any more',
  NoReplicas: 'the pool is scaled to zero',
  UpToDate: 'there is nothing to change',
  RollingOut: 'replicas are replaced by new ones, one after the other',
  Scaling: 'replicas are added or removed',
  Stalled: 'a replica does not get ready, so that the others are left alone',
  Deleting: 'the pool is being deleted',
  AsExpected: 'nothing needs attention',
  PodTemplateInvalid: 'Kubernetes refuses the pod that the specification leads to',
  ObjectRefused: 'Kubernetes refuses an object of the pool',
  NameTaken: 'an object of a name that the pool needs belongs to somebody else',
  ImmutableFieldChanged: 'the specification differs where Kubernetes allows no change',
  OrphanedBacklog: 'events wait in channels that are in no flow any more',
  PodsFailing: 'pods end or cannot start',
  AgentsUnreachable: 'agents do not answer the operator',
  FlowsRefused: 'agents refuse flows, and run their last good versions',
  Paused: 'the annotation flume-operator.io/paused is set',
  NotPaused: 'the annotation flume-operator.io/paused is not set',
} as const

export const FLOW_REASONS = {
  Accepted: 'there is nothing wrong with it',
  Invalid: 'it has mistakes',
  PortConflict: 'an older flow of the pool listens at the same port',
  AgentNameTaken: 'a FlumeAgent of its name is there and is not its own',
  PoolTooLarge: 'all flows of the pool together are too large to hand over',
  ResolvedRefs: 'everything it names is there',
  AgentNotFound: 'the FlumeAgent it names is not there',
  HopNotFound: 'an agent that it hands events to is not there, or takes none',
  HopMismatch: 'the two ends of a hop are configured differently',
  SecretNotFound: 'a Secret that it names is not there, or lacks a key',
  Programmed: 'all replicas run its newest version',
  Pending: 'some replicas do not run its newest version yet',
  Refused: 'agents refuse it, and run its last good version',
  NotAccepted: 'it is not accepted, and the last good version runs',
  NoReplicas: 'its pool is scaled to zero',
  AgentsUnreachable: 'agents do not answer the operator',
  Ready: 'it takes in and delivers events',
  NotReady: 'a part of it fails or is not there yet',
  Paused: 'its pool is paused',
} as const

export type ConditionType = keyof typeof AGENT_CONDITIONS | keyof typeof FLOW_CONDITIONS
export type ConditionReason = keyof typeof AGENT_REASONS | keyof typeof FLOW_REASONS
