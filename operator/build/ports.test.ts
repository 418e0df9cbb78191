import { expect, test } from 'vitest'
import { flow } from '../../test/operator/objects.ts'
import { listenersOfFlow, manifestOf } from './manifests.ts'
import { PortBook } from './ports.ts'

const listeners = (name: string, ...ports: number[]) =>
  listenersOfFlow(
    manifestOf(
      flow(name, { sources: ports.map((port, i) => ({ name: `s${i}`, avro: { port } })) }),
    ),
  )

test('a port is given to one source', () => {
  const ports = new PortBook()
  expect(ports.conflict(listeners('a', 4141))).toBeUndefined()
  ports.take(listeners('a', 4141))
  expect(ports.conflict(listeners('b', 4242, 4141))).toBe(
    'spec.sources[1].avro.port: port 4141 is taken by the avro source a/s0. Give one of them another port',
  )
  expect(ports.conflict(listeners('b', 4242))).toBeUndefined()
})

test('nor can two sources of one flow share one, or take that of the agent', () => {
  const ports = new PortBook()
  expect(ports.conflict(listeners('a', 4141, 4141))).toContain('taken by the avro source a/s0')
  expect(ports.conflict(listeners('a', 8081))).toContain('taken by the agent itself')
  expect(ports.conflict(listeners('a', 0))).toContain('Give the source s0 a port')
})
