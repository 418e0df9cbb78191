import { Service, Type } from 'avsc'
import { readFileSync } from 'node:fs'
import type { PlainEvent } from './batches.ts'

/** Flume's protocol as another implementation reads it. */

const PROTOCOL = JSON.parse(readFileSync(new URL('protocol.avpr', import.meta.url), 'utf8')) as {
  types: unknown[]
}

export const service = Service.forProtocol(PROTOCOL)
const eventType = Type.forSchema(PROTOCOL.types[1] as never)
const eventsType = Type.forSchema({ type: 'array', items: PROTOCOL.types[1] } as never)

interface AvroEvent {
  readonly headers: Record<string, string>
  readonly body: Buffer
}

export function encodeWithAvsc(events: readonly PlainEvent[]): Buffer {
  return eventsType.toBuffer(events.map(avroEvent))
}

export function encodeOneWithAvsc(event: PlainEvent): Buffer {
  return eventType.toBuffer(avroEvent(event))
}

export function decodeWithAvsc(bytes: Buffer): PlainEvent[] {
  const events = eventsType.fromBuffer(bytes) as AvroEvent[]
  return events.map(({ headers, body }) => ({
    headers: { ...headers },
    body: body.toString('latin1'),
  }))
}

function avroEvent({ headers, body }: PlainEvent): AvroEvent {
  return { headers, body: Buffer.from(body, 'latin1') }
}
