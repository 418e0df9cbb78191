import { createHash } from 'node:crypto'

/**
 * Flume's Avro protocol, byte by byte as Java sends it: peers know each other by the MD5 of this text,
 * its licence included.
 */
const LICENCE = [
  '* Licensed to the Apache Software Foundation (ASF) under one',
  ' * or more contributor license agreements.  See the NOTICE file',
  ' * distributed with this work for additional information',
  ' * regarding copyright ownership.  The ASF licenses this file',
  ' * to you under the Apache License, Version 2.0 (the',
  ' * "License"); you may not use this file except in compliance',
  ' * with the License.  You may obtain a copy of the License at',
  ' *',
  ' * http://www.apache.org/licenses/LICENSE-2.0',
  ' *',
  ' * Unless required by applicable law or agreed to in writing,',
  ' * software distributed under the License is distributed on an',
  ' * "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY',
  ' * KIND, either express or implied.  See the License for the',
  ' * specific language governing permissions and limitations',
  ' * under the License.',
].join('\n')

const EVENT_FIELDS = [
  { name: 'headers', type: { type: 'map', values: 'string' } },
  { name: 'body', type: 'bytes' },
]

const PROTOCOL = {
  protocol: 'AvroSourceProtocol',
  namespace: 'org.apache.flume.source.avro',
  doc: LICENCE,
  types: [
    { type: 'enum', name: 'Status', symbols: ['OK', 'FAILED', 'UNKNOWN'] },
    { type: 'record', name: 'AvroFlumeEvent', fields: EVENT_FIELDS },
  ],
  messages: {
    append: { request: [{ name: 'event', type: 'AvroFlumeEvent' }], response: 'Status' },
    appendBatch: {
      request: [{ name: 'events', type: { type: 'array', items: 'AvroFlumeEvent' } }],
      response: 'Status',
    },
  },
}

export const PROTOCOL_TEXT = JSON.stringify(PROTOCOL)
export const PROTOCOL_HASH = protocolHash(PROTOCOL_TEXT)

/** The 16 bytes peers know a protocol by. A name, not a proof. */
export function protocolHash(text: string): Buffer {
  return createHash('md5').update(text).digest()
}
