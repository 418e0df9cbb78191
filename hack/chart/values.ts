import { z } from 'zod'

/*
 * The values of the Helm chart: what may be set, what each means, what it is when nothing is set. From
 * this come values.yaml, values.schema.json, by which Helm refuses the rest, and the reference.
 */

/** A name of objects, with room for what the chart adds to it. */
const NAME = /^([a-z]([-a-z0-9]{0,38}[a-z0-9])?)?$/
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** What Kubernetes itself checks, when the objects are made. */
const kubernetesObject = z.record(z.string(), z.unknown())
const kubernetesList = z.array(kubernetesObject)
const texts = z.record(z.string(), z.string())

export const chartValues = z.strictObject({
  nameOverride: z
    .string()
    .regex(NAME)
    .default('')
    .describe("Part of the objects' names; empty: the name of the chart."),
  fullnameOverride: z
    .string()
    .regex(NAME)
    .default('')
    .describe("The objects' name; empty: made of the release's name and nameOverride."),
  replicas: z
    .int()
    .min(0)
    .max(5)
    .default(2)
    .describe('How many operators run: one leads, the others wait to take over.'),
  image: z
    .strictObject({
      repository: z
        .string()
        .min(1)
        .default('flume-operator')
        .describe('Where the image is. It holds the operator and the agent.'),
      tag: z
        .string()
        .default('')
        .describe("Tag of the image; empty: the version of the chart's application."),
      digest: z
        .string()
        .regex(/^(sha256:[0-9a-f]{64})?$/)
        .default('')
        .describe('Digest of the image, sha256:…; counts instead of the tag.'),
      pullPolicy: z
        .enum(['Always', 'IfNotPresent', 'Never'])
        .default('IfNotPresent')
        .describe('When nodes pull the image.'),
    })
    .describe('The image of the operator, and of agents unless something else is said.'),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1).describe('Name of the Secret.') }))
    .default([])
    .describe(
      "Secrets for the registry of the operator's image. Pools have their own, in FlumeAgent.spec.imagePullSecrets.",
    ),
  agentImage: z
    .string()
    .default('')
    .describe("Image of agents whose FlumeAgent names none; empty: the operator's."),
  watchNamespaces: z
    .array(z.string().regex(NAMESPACE))
    .default([])
    .describe(
      'Namespaces that the operator works in. Empty: all. Else it has a Role in each of these, which must exist, and no rights elsewhere.',
    ),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged.'),
  maxConcurrent: z
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Pools that are brought up to date at the same time.'),
  crds: z
    .strictObject({
      install: z
        .boolean()
        .default(true)
        .describe(
          'Whether the chart installs and upgrades the kinds FlumeAgent and FlumeFlow. They stay when it is removed.',
        ),
    })
    .describe('The kinds.'),
  serviceAccount: z
    .strictObject({
      create: z.boolean().default(true).describe('Whether the chart makes it.'),
      name: z
        .string()
        .default('')
        .describe("Its name; empty: that of the chart's objects, or default if it is not made."),
      annotations: texts.default({}).describe('Annotations of it.'),
    })
    .describe('The ServiceAccount of the operator.'),
  rbac: z
    .strictObject({
      create: z
        .boolean()
        .default(true)
        .describe("Whether the chart makes the operator's roles and their bindings."),
      aggregate: z
        .boolean()
        .default(true)
        .describe(
          "Whether users with Kubernetes' roles view, edit or admin may see, or change, FlumeAgents and FlumeFlows.",
        ),
    })
    .describe('Roles.'),
  resources: kubernetesObject
    .default({
      requests: { cpu: '50m', memory: '128Mi' },
      limits: { memory: '512Mi' },
    })
    .describe("Requests and limits of the operator's container."),
  nodeSelector: texts.default({}).describe('Labels of nodes that the operator may run on.'),
  tolerations: kubernetesList.default([]).describe('Taints that the operator puts up with.'),
  affinity: kubernetesObject.default({}).describe('Where the operator runs, as rules.'),
  topologySpreadConstraints: kubernetesList
    .default([
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
    ])
    .describe('How the operators spread. The labelSelector may be left out.'),
  priorityClassName: z.string().default('').describe("Priority class of the operator's pods."),
  podAnnotations: texts.default({}).describe("Annotations of the operator's pods."),
  podLabels: texts.default({}).describe("Further labels of the operator's pods."),
  podDisruptionBudget: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe('Whether one operator stays when nodes are drained. Not with a single replica.'),
    })
    .describe('The PodDisruptionBudget of the operator.'),
  metrics: z
    .strictObject({
      service: z
        .strictObject({ annotations: texts.default({}).describe('Annotations of it.') })
        .describe("The Service of the operator's metrics."),
      serviceMonitor: z
        .strictObject({
          enabled: z
            .boolean()
            .default(false)
            .describe('Whether to make it. The Prometheus operator must be in the cluster.'),
          labels: texts.default({}).describe('Labels by which Prometheus finds it.'),
          interval: z
            .string()
            .regex(/^[0-9]+(ms|s|m|h)$/)
            .default('30s')
            .describe('How often the metrics are read.'),
        })
        .describe('The ServiceMonitor of that Service.'),
    })
    .describe('Metrics of the operator.'),
  test: z
    .strictObject({
      storageSize: z.string().min(1).default('1Gi').describe("Size of the agent's volume."),
      storageClassName: z
        .string()
        .default('')
        .describe("Storage class of the agent's volume; empty: the cluster's default."),
    })
    .describe('What helm test starts: an agent, which is removed again.'),
})

/** What Helm puts beside the values when the chart is part of another one. */
const withGlobals = chartValues.extend({
  global: kubernetesObject
    .optional()
    .describe('Values that a parent chart shares with its parts. Not read.'),
})

/** The JSON Schema by which Helm checks the values. */
export function valuesSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(withGlobals, { target: 'draft-7', io: 'input' })
}
