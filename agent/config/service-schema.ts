import { z } from 'zod'
import { annotationMap } from './kubernetes-fields.ts'

/** The Service that the operator makes for a source that listens. */
export const serviceSchema = z
  .strictObject({
    type: z
      .enum(['ClusterIP', 'NodePort', 'LoadBalancer'])
      .default('ClusterIP')
      .describe('Who can reach it: pods only, also by a port of each node, or by a load balancer.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('Port of the Service. Omitted: the port of the source.'),
    annotations: annotationMap()
      .optional()
      .describe('Annotations of the Service, such as those of cloud load balancers.'),
    externalTrafficPolicy: z
      .enum(['Cluster', 'Local'])
      .optional()
      .describe(
        'Which agents get what comes from outside: all, or only those of the node it arrives at. The latter keeps the address of the sender. Omitted: Cluster.',
      ),
  })
  .refine(
    ({ type, externalTrafficPolicy }) =>
      type !== 'ClusterIP' || externalTrafficPolicy === undefined,
    {
      path: ['externalTrafficPolicy'],
      error: 'only a Service of type NodePort or LoadBalancer is reached from outside',
    },
  )
