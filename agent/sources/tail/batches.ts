import type { Batch, Headers } from '../../core/batch.ts'
import type { Chunk } from './reader.ts'
import type { TailedFile } from './tailed-file.ts'

/** Flume's name for the header. */
const BYTE_OFFSET = 'byteoffset'

/** The lines of a chunk as a batch of the file's stream. */
export function batchOfChunk(file: TailedFile, chunk: Chunk, byteOffsetHeader: boolean): Batch {
  const { count, bodies, ends, gap, from, to, offsets, fingerprint } = chunk
  return {
    count,
    bodies,
    ends,
    gap,
    headers: headersOf(file, chunk, byteOffsetHeader),
    origin: { stream: file.stream, from, to, offsets, memo: file.memo(fingerprint), routing: '' },
    ids: undefined,
    appendedAtMs: undefined,
  }
}

function headersOf(file: TailedFile, chunk: Chunk, byteOffsetHeader: boolean): Headers {
  const columns = new Map<string, string[]>()
  if (byteOffsetHeader) {
    const starts = Array.from(chunk.offsets, (_, i) =>
      String(i === 0 ? chunk.from : chunk.offsets[i - 1]),
    )
    columns.set(BYTE_OFFSET, starts)
  }
  return { common: file.headers, columns }
}

/** A batch without events: it stores where a stream stands and what its file is. */
export function positionBatch(stream: string, offset: number, memo: string): Batch {
  return {
    count: 0,
    bodies: Buffer.alloc(0),
    ends: new Uint32Array(0),
    gap: 0,
    headers: { common: new Map(), columns: new Map() },
    origin: { stream, from: offset, to: offset, offsets: new Float64Array(0), memo, routing: '' },
    ids: undefined,
    appendedAtMs: undefined,
  }
}
