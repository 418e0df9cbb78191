import { AvroClient, framesOf } from '../../hack/bench/avro-client.ts'
import { requestFrame } from '../../hack/bench/avro-frames.ts'
import { eventAt } from './events.ts'

const BATCH_EVENTS = 500
const UNANSWERED_MAX = 2

/** Hands events 0 to `count` to an Avro source, plain; resolves when all of them were taken. */
export async function feed(port: number, count: number): Promise<void> {
  const frames = Array.from({ length: Math.ceil(count / BATCH_EVENTS) }, (_, i) => {
    const first = i * BATCH_EVENTS
    const length = Math.min(BATCH_EVENTS, count - first)
    const events = Array.from({ length }, (_event, k) => eventAt(first + k))
    return requestFrame(i + 1, events, { first: i === 0 })
  })
  const client = await AvroClient.open(port, framesOf(frames))
  try {
    await client.send(frames.length, UNANSWERED_MAX)
  } finally {
    client.close()
  }
}
