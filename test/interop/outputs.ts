import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'avsc'
import type { Received } from './events.ts'

/** What both agents wrote, with headers and bodies as they were. */

export function* ourOutput(directory: string): Generator<Received> {
  for (const name of readdirSync(directory).sort()) {
    // One line a time: a file is larger than a string should be.
    const bytes = readFileSync(join(directory, name))
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(10, at)
      // A line that has no end is being written, or was when the agent was killed.
      if (end === -1) break
      yield eventOf(bytes.toString('utf8', at, end))
      at = end + 1
    }
  }
}

function eventOf(line: string): Received {
  const { headers, body, encoding } = JSON.parse(line) as {
    headers: Record<string, string>
    body: string
    encoding?: 'base64'
  }
  return { headers: new Map(Object.entries(headers)), body: Buffer.from(body, encoding ?? 'utf8') }
}

/** Reads the Avro data files of Flume's serializer `avro_event`; a torn end of a file is left out. */
export function* flumeOutput(directory: string): Generator<Received> {
  for (const name of readdirSync(directory).sort()) {
    yield* eventsOfFile(readFileSync(join(directory, name)))
  }
}

const SYNC_BYTES = 16
const META = Type.forSchema({ type: 'map', values: 'bytes' })
const LONG = Type.forSchema('long')
const EVENT = Type.forSchema({
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'headers', type: { type: 'map', values: 'string' } },
    { name: 'body', type: 'bytes' },
  ],
})

function* eventsOfFile(bytes: Buffer): Generator<Received> {
  const meta = META.decode(bytes, 4)
  // A header that is not all there: nothing was written yet.
  if (meta.offset < 0) return
  const sync = bytes.subarray(meta.offset, meta.offset + SYNC_BYTES)
  let at = meta.offset + SYNC_BYTES
  while (at < bytes.length) {
    const count = LONG.decode(bytes, at)
    const size = count.offset < 0 ? count : LONG.decode(bytes, count.offset)
    const end = size.offset + Number(size.value)
    if (size.offset < 0 || end + SYNC_BYTES > bytes.length) return
    let from = size.offset
    for (let i = 0; i < Number(count.value); i++) {
      const { value, offset } = EVENT.decode(bytes, from)
      const { headers, body } = value as { headers: Record<string, string>; body: Buffer }
      yield { headers: new Map(Object.entries(headers)), body }
      from = offset
    }
    if (!bytes.subarray(end, end + SYNC_BYTES).equals(sync)) throw new Error('no sync marker')
    at = end + SYNC_BYTES
  }
}
