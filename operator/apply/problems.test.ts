import { expect, test } from 'vitest'
import { refused } from '../kube/errors.ts'
import { problemOf } from './problems.ts'

const answer = (status: number, message = 'no') =>
  refused('apply', { status, reason: '', message, causes: [] })

test('what the API server will never take is shown with its words', () => {
  expect(problemOf('Service hub', answer(422, 'spec.ports: bad'))).toEqual({
    reason: 'ObjectRefused',
    object: 'Service hub',
    message: 'Service hub: spec.ports: bad',
  })
  const typed = answer(500, 'failed to create typed patch object (x): .spec.foo: not declared')
  expect(problemOf('StatefulSet hub', typed)).toMatchObject({ reason: 'PodTemplateInvalid' })
})

test('so is what somebody has to allow first, and that is not the fault of the template', () => {
  const quota = answer(403, 'exceeded quota')
  expect(problemOf('StatefulSet hub', quota)).toMatchObject({ reason: 'ObjectRefused' })
})

test('what passes by itself is none', () => {
  for (const status of [409, 429, 500, 503])
    expect(problemOf('Service hub', answer(status))).toBeUndefined()
  expect(problemOf('Service hub', new Error('x'))).toBeUndefined()
})
