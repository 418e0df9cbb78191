import { expect, test } from 'vitest'
import { serviceSchema } from './service-schema.ts'

test('a Service is reached from inside unless it says otherwise', () => {
  expect(serviceSchema.parse({})).toEqual({ type: 'ClusterIP' })
  const outside = {
    type: 'LoadBalancer',
    port: 443,
    annotations: { 'example.com/internal': 'true' },
    externalTrafficPolicy: 'Local',
  }
  expect(serviceSchema.parse(outside)).toEqual(outside)
})

test('what comes from outside needs a type that lets it in', () => {
  const { error } = serviceSchema.safeParse({ externalTrafficPolicy: 'Local' })
  expect(error?.issues).toMatchObject([
    {
      path: ['externalTrafficPolicy'],
      message: 'only a Service of type NodePort or LoadBalancer is reached from outside',
    },
  ])
})
