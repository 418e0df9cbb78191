import { FlumeError } from '../core/errors.ts'
import { receipt } from '../core/receipt.ts'
import type { Receipt } from '../core/receipt.ts'

export interface EmissionOptions {
  /** Appends with events that must succeed. */
  readonly parts: number
  /** Appends of positions alone. They are awaited for *accepted*, but never for *safe*. */
  readonly positions: number
  /** All appends ended, well or not. Not called for an emission without appends. */
  readonly onSettled: (accepted: boolean) => void
}

/** One emitted batch on its way into the channels: counts its appends and keeps its receipt. */
export class Emission {
  readonly receipt: Receipt
  readonly #accepted = Promise.withResolvers<void>()
  readonly #safe = Promise.withResolvers<void>()
  readonly #onSettled: (accepted: boolean) => void
  #unsettled: number
  #unsafe: number
  #error: FlumeError | undefined

  constructor(options: EmissionOptions) {
    this.receipt = receipt(this.#accepted.promise, this.#safe.promise)
    this.#onSettled = options.onSettled
    this.#unsettled = options.parts + options.positions
    this.#unsafe = options.parts
    if (this.#unsettled > 0) return
    this.#accepted.resolve()
    this.#safe.resolve()
  }

  /** One append is in its channel. */
  accepted(): void {
    this.#settle()
  }

  /** One append with events cannot be lost any more. */
  safe(): void {
    this.#unsafe--
    if (this.#unsafe === 0 && this.#unsettled === 0 && this.#error === undefined)
      this.#safe.resolve()
  }

  /** One append did not get in and never will. */
  rejected(error: FlumeError): void {
    this.#error ??= error
    // The sender hears of it now; the other appends may still wait for room.
    this.#accepted.reject(error)
    this.#safe.reject(error)
    this.#settle()
  }

  /** An append is in its channel but was lost there, as when a memory channel closes. */
  unsafe(error: FlumeError): void {
    this.#error ??= error
    this.#safe.reject(error)
  }

  #settle(): void {
    this.#unsettled--
    if (this.#unsettled > 0) return
    if (this.#error === undefined) {
      this.#accepted.resolve()
      if (this.#unsafe === 0) this.#safe.resolve()
    }
    this.#onSettled(this.#error === undefined)
  }
}

/** The receipt of a batch that was not taken. */
export function refused(error: FlumeError): Receipt {
  const rejected = rejection(error)
  return receipt(rejected, rejected)
}

async function rejection(error: FlumeError): Promise<void> {
  throw error
}

export function stoppingError(flow: string, source: string): FlumeError {
  return new FlumeError(
    'FLM5101',
    `flow ${flow}: source ${source} is stopping and takes no more events; send them again later or to another agent`,
    { retryable: true, facts: { flow, source } },
  )
}
