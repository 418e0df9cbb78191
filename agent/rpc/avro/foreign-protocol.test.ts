import { expect, test } from 'vitest'
import { PROTOCOL_BYTES_MAX, protocolProblem } from './foreign-protocol.ts'
import { PROTOCOL_TEXT } from './protocol.ts'

interface Protocol {
  doc?: string
  types: Record<string, unknown>[]
  messages: Record<string, unknown>
}

function changed(change: (protocol: Protocol) => void): string {
  const protocol = JSON.parse(PROTOCOL_TEXT) as Protocol
  change(protocol)
  return JSON.stringify(protocol)
}

const fieldsOf = (protocol: Protocol): unknown[] => protocol.types[1]!['fields'] as unknown[]

test("Flume's own protocol, with and without its licence, can be served", () => {
  expect(protocolProblem(PROTOCOL_TEXT)).toBeUndefined()
  expect(protocolProblem(changed((protocol) => delete protocol.doc))).toBeUndefined()
})

test('another namespace, other names of types and properties for Java change nothing', () => {
  const text = changed((protocol) => {
    protocol.types[1]!['name'] = 'com.example.Event'
    fieldsOf(protocol)[0] = {
      name: 'h',
      type: { type: 'map', values: { type: 'string', 'avro.java.string': 'String' } },
    }
    protocol.messages = {
      append: { request: [{ name: 'e', type: 'com.example.Event' }], response: 'Status' },
    }
  })
  expect(protocolProblem(text)).toBeUndefined()
})

test.each([
  [
    'fields in another order',
    (protocol: Protocol) => fieldsOf(protocol).push(fieldsOf(protocol).shift()),
    'parameters',
  ],
  ['one more field', (p: Protocol) => fieldsOf(p).push({ name: 'x', type: 'int' }), 'parameters'],
  ['other statuses', (p: Protocol) => (p.types[0]!['symbols'] = ['OK']), 'answer'],
  [
    'a type that contains itself',
    (p: Protocol) => (p.types[1] = { name: 'AvroFlumeEvent', type: 'AvroFlumeEvent' }),
    'parameters',
  ],
  ['neither message', (p: Protocol) => (p.messages = {}), 'neither'],
  ['no messages at all', (p: Protocol) => (p.messages = null as never), 'messages'],
])('%s cannot be served', (_, change, reason) => {
  expect(protocolProblem(changed(change))).toContain(reason)
})

test('what is no protocol at all is said to be none', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '7',
    '{"messages":{"append":null}}',
    '{"messages":{"append":{"request":[null]}}}',
  ])
    expect(protocolProblem(text), text).toBeTypeOf('string')
  expect(protocolProblem(' '.repeat(PROTOCOL_BYTES_MAX + 1))).toContain('bytes')
})
