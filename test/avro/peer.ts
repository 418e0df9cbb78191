import { Service, Type } from 'avsc'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
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

/** The netty client of `avsc`, connected to a server of ours. */
export function avscClient(port: number) {
  const client = service.createClient({ strictTypes: true })
  const socket = connect(port, '127.0.0.1')
  client.createChannel(socket)
  const call = (message: string, parameter: object): Promise<string> =>
    new Promise((resolve, reject) => {
      client.emitMessage(message, parameter, undefined, (error, answer) => {
        if (error === undefined || error === null) resolve(String(answer))
        else reject(error)
      })
    })
  return {
    append: (event: PlainEvent) => call('append', { event: avroEvent(event) }),
    appendBatch: (events: readonly PlainEvent[]) =>
      call('appendBatch', { events: events.map(avroEvent) }),
    [Symbol.asyncDispose]: async () => {
      client.destroyChannels({ noWait: true })
      socket.destroy()
    },
  }
}
