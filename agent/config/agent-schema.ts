import { z } from 'zod'
import {
  ENTRIES_MAX,
  annotationMap,
  kubernetesObject,
  labelMap,
  objectName,
} from './kubernetes-fields.ts'
import { parseQuantity, quantityMap } from './quantity.ts'

/** Replicas of a pool. */
const REPLICAS_MAX = 100
/** A file channel with the reserve it needs fits onto it, and not much else. */
export const STORAGE_MIN = '16Mi'
const STORAGE_DEFAULT = '10Gi'
const STORAGE_EXPECTED = `expected a size such as 20Gi, at least ${STORAGE_MIN}`

/** The end of the description of what the operator alone reads. */
const KUBERNETES = 'Not read by `run` and `up`.'

const storageSchema = z.strictObject({
  size: z
    .string({ error: STORAGE_EXPECTED })
    .max(32)
    .refine((size) => parseQuantity(size) >= parseQuantity(STORAGE_MIN), {
      error: STORAGE_EXPECTED,
    })
    .default(STORAGE_DEFAULT)
    .meta({ title: 'quantity' })
    .describe('Size of the volume of each replica. A volume can grow, but not shrink.'),
  storageClassName: objectName()
    .optional()
    .describe('Storage class of the volumes. Omitted: the default one of the cluster.'),
})

const serviceAccountSchema = z
  .strictObject({
    name: objectName()
      .optional()
      .describe('An account that is there already. Omitted: one that is made for the pool.'),
    annotations: annotationMap()
      .optional()
      .describe('Annotations of the account that is made, such as those of cloud identities.'),
  })
  .refine((account) => account.name === undefined || account.annotations === undefined, {
    path: ['annotations'],
    error: 'only an account that is made has annotations: remove them, or the name',
  })

const podTemplateSchema = z.strictObject({
  metadata: z
    .strictObject({
      labels: labelMap().optional().describe('Further labels of the pods.'),
      annotations: annotationMap().optional().describe('Further annotations of the pods.'),
    })
    .optional()
    .describe('Labels and annotations of the pods.'),
  spec: kubernetesObject()
    .optional()
    .describe(
      'Merged into the pod: lists by the key of their entries, such as the name of a container; null removes a field. The container of the agent is `agent`.',
    ),
})

/** What a pool is. */
export const agentSpecSchema = z.strictObject({
  replicas: z
    .int()
    .min(0)
    .max(REPLICAS_MAX)
    .default(1)
    .describe('How many agents with these flows run beside each other.'),
  storage: storageSchema
    .default({ size: STORAGE_DEFAULT })
    .describe(`The volume of each replica, where its channels are kept. ${KUBERNETES}`),
  image: z
    .string()
    .max(512)
    .regex(/^\S+$/, { error: 'expected the name of an image, without blanks' })
    .optional()
    .describe(`Image of the agents. Omitted: that of the operator. ${KUBERNETES}`),
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .optional()
    .describe(
      `When a node pulls the image. Omitted: by its tag, as Kubernetes decides. ${KUBERNETES}`,
    ),
  imagePullSecrets: z
    .array(z.strictObject({ name: objectName().describe('Name of the Secret.') }))
    .max(16)
    .optional()
    .describe(`Secrets to pull the image with. ${KUBERNETES}`),
  resources: z
    .looseObject({
      requests: quantityMap().optional().describe('What each agent is certain to get.'),
      limits: quantityMap().optional().describe('What each agent gets at most.'),
    })
    .optional()
    .describe(
      `Processor and memory of each agent. Omitted: those that the operator gives. ${KUBERNETES}`,
    ),
  nodeSelector: labelMap()
    .optional()
    .describe(`Labels that a node has to have to run an agent. ${KUBERNETES}`),
  tolerations: z
    .array(kubernetesObject())
    .max(ENTRIES_MAX)
    .optional()
    .describe(`Taints of nodes that the agents put up with. ${KUBERNETES}`),
  affinity: kubernetesObject()
    .optional()
    .describe(
      `Which nodes and pods the agents are drawn to or kept apart from. Omitted: apart from each other, if possible. ${KUBERNETES}`,
    ),
  topologySpreadConstraints: z
    .array(kubernetesObject())
    .max(16)
    .optional()
    .describe(`How the agents are spread over zones and nodes. ${KUBERNETES}`),
  priorityClassName: objectName().optional().describe(`Priority class of the pods. ${KUBERNETES}`),
  serviceAccount: serviceAccountSchema
    .optional()
    .describe(`The account that the pods run under. ${KUBERNETES}`),
  podTemplate: podTemplateSchema
    .optional()
    .describe(`What the pods have beside all that. ${KUBERNETES}`),
})
