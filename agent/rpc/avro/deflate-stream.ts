import type { Duplex, DuplexOptions } from 'node:stream'
import { Duplex as DuplexStream } from 'node:stream'
import { constants, createDeflate, createInflate } from 'node:zlib'
import { malformed } from './wire-error.ts'

/** Inflated at a time; the reader takes it before more is inflated. */
const CHUNK_BYTES = 64 * 1024

export interface DeflateStreamOptions {
  /** 0 (none) to 9 (best). */
  readonly level: number
  /** For those who write little, such as answers: 3 KiB of state instead of 256. */
  readonly small?: boolean
}

/**
 * A connection whose bytes are compressed as Flume does it: one zlib stream in each direction for as
 * long as the connection lasts, flushed after each write, so that every message can be read when its
 * last byte came.
 *
 * A few bytes can inflate to gigabytes. Not more than two chunks of them are here at a time: nothing is
 * inflated while nobody reads, and the bounds of whoever reads count inflated bytes.
 */
export class DeflateStream extends DuplexStream {
  readonly #socket: Duplex
  readonly #inflate
  readonly #deflate

  /** Owns `socket` from now on. */
  constructor(socket: Duplex, options: DeflateStreamOptions) {
    super(BOUNDS)
    const { level, small = false } = options
    this.#socket = socket
    // A peer that ends without the end of its stream has sent all the same what it flushed.
    const flush = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
    this.#inflate = createInflate({ chunkSize: CHUNK_BYTES, ...flush })
    this.#deflate = createDeflate({
      level,
      flush: constants.Z_SYNC_FLUSH,
      ...(small ? { windowBits: 9, memLevel: 1, chunkSize: 1024 } : { chunkSize: CHUNK_BYTES }),
    })
    this.#inflate.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) this.#inflate.pause()
    })
    this.#inflate.on('end', () => this.push(null))
    this.#inflate.on('error', (error) => {
      this.destroy(malformed(`the bytes are not what deflate makes (${error.message})`))
    })
    this.#deflate.on('error', (error) => this.destroy(error))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.#closed())
    socket.pipe(this.#inflate)
    this.#deflate.pipe(socket)
  }

  override _read(): void {
    this.#inflate.resume()
  }

  override _write(
    chunk: Buffer,
    _encoding: unknown,
    callback: (error?: Error | null) => void,
  ): void {
    this.#deflate.write(chunk, callback)
  }

  /** Together they cost one flush. */
  override _writev(
    writes: readonly { readonly chunk: Buffer }[],
    callback: (error?: Error | null) => void,
  ): void {
    this.#deflate.write(Buffer.concat(writes.map(({ chunk }) => chunk)), callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#deflate.end()
    this.#socket.once('finish', () => callback())
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy()
    this.#inflate.destroy()
    this.#deflate.destroy()
    callback(error)
  }

  /** What was inflated and not read yet still is. */
  #closed(): void {
    if (!this.readableEnded && this.#inflate.writableEnded) this.once('end', () => this.destroy())
    else this.destroy()
  }
}

const BOUNDS: DuplexOptions = {
  readableHighWaterMark: CHUNK_BYTES,
  writableHighWaterMark: CHUNK_BYTES,
  allowHalfOpen: false,
}
