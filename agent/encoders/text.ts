import type { Batch } from '../core/batch.ts'

const LINE_FEED = 0x0a

/**
 * Bodies as lines: each body and one line feed; headers are left out, as Flume's TEXT serializer does.
 * A body that has line feeds inside is written as it is and so makes several lines.
 *
 * A batch with gap 1 already is text: its buffer is handed on as it is and no event is touched.
 */
export function encodeText(batch: Batch): readonly Buffer[] {
  if (batch.count === 0) return []
  const bytes = batch.ends[batch.count - 1]!
  if (batch.gap === 1) return [batch.bodies.subarray(0, bytes)]
  const text = Buffer.allocUnsafeSlow(bytes + batch.count)
  let from = 0
  for (let i = 0; i < batch.count; i++) {
    const to = batch.ends[i]!
    batch.bodies.copy(text, from + i, from, to)
    text[to + i] = LINE_FEED
    from = to
  }
  return [text]
}
