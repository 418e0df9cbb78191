import type { FlumeError } from '../../core/errors.ts'
import { withOutcome } from './client-errors.ts'

/** The calls of one write: settles when all of them did, and fails as a whole. */
export class Delivery {
  readonly done: Promise<void>
  readonly #settle: PromiseWithResolvers<void>
  #open: number
  #failure: FlumeError | undefined
  #maybeDelivered = false

  constructor(calls: number) {
    this.#open = calls
    this.#settle = Promise.withResolvers()
    this.done = this.#settle.promise
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** One call was answered OK. */
  delivered(): void {
    this.#maybeDelivered = true
    this.#end(1)
  }

  /** An attempt ended without certainty; the call may go on elsewhere. */
  maybeDelivered(): void {
    this.#maybeDelivered = true
  }

  /** No further call of it is sent; `ended` of them end with this. The first failure is told. */
  fail(error: FlumeError, ended: number): void {
    this.#failure ??= error
    this.#end(ended)
  }

  #end(calls: number): void {
    this.#open -= calls
    if (this.#open > 0) return
    if (this.#failure === undefined) this.#settle.resolve()
    // Some events of the write may be there although this call failed for certain.
    else this.#settle.reject(withOutcome(this.#failure, this.#maybeDelivered ? 'unknown' : 'none'))
  }
}
