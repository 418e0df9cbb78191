import { isAscii, isUtf8 } from 'node:buffer'
import type { Batch } from '../core/batch.ts'
import { endOf, startOf } from '../core/batch.ts'

/** Text is turned into bytes in pieces of about this many characters, so that no string grows with the batch. */
const PIECE_CHARACTERS = 1 << 20

/**
 * Events as lines of JSON, one object each:
 *
 *   {"id":"<stream>/<sequence>","headers":{"host":"a"},"body":"text"}
 *   {"id":"<stream>/<sequence>","headers":{},"body":"/wD+","encoding":"base64"}
 *
 * `body` is a string when the bytes are valid UTF-8; else it is base64 and `encoding` says so. `id` is
 * the stable id of the event, the same on every delivery of it, and left out when there is none. Line
 * feeds inside values are escaped, so a line is always one whole event.
 */
export function encodeJson(batch: Batch): readonly Buffer[] {
  const id = idOf(batch)
  const headers = headersOf(batch)
  const body = bodyOf(batch)
  const pieces: Buffer[] = []
  let piece = ''
  for (let i = 0; i < batch.count; i++) {
    piece += `{${id(i)}"headers":{${headers(i)}},${body(i)}}\n`
    if (piece.length < PIECE_CHARACTERS) continue
    pieces.push(Buffer.from(piece))
    piece = ''
  }
  if (piece.length > 0) pieces.push(Buffer.from(piece))
  return pieces
}

type Part = (i: number) => string

function idOf(batch: Batch): Part {
  if (batch.ids === undefined) return () => ''
  const { stream, first } = batch.ids
  const start = `"id":${JSON.stringify(`${stream}/`).slice(0, -1)}`
  return (i) => `${start}${first + i}",`
}

function headersOf(batch: Batch): Part {
  const common = [...batch.headers.common].map(([name, value]) => member(name, value)).join(',')
  if (batch.headers.columns.size === 0) return () => common
  const columns = [...batch.headers.columns]
  return (i) => {
    let members = common
    for (const [name, values] of columns) {
      const value = values[i]
      if (value === undefined) continue
      members += (members === '' ? '' : ',') + member(name, value)
    }
    return members
  }
}

function member(name: string, value: string): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`
}

function bodyOf(batch: Batch): Part {
  const { bodies } = batch
  // With line feeds between bodies no character can reach from one into the next: one check for all.
  const allAscii = isAscii(bodies)
  const allUtf8 = allAscii || (batch.gap === 1 && isUtf8(bodies))
  return (i) => {
    const from = startOf(batch, i)
    const to = endOf(batch, i)
    if (allUtf8 || isUtf8(bodies.subarray(from, to))) {
      return `"body":${JSON.stringify(bodies.toString(allAscii ? 'latin1' : 'utf8', from, to))}`
    }
    return `"body":"${bodies.toString('base64', from, to)}","encoding":"base64"`
  }
}
