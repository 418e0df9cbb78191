import type { Receipt } from '../../core/receipt.ts'

/**
 * Receipts of batches that are not yet in the channels. The source emits only while there is a free
 * place: this bound is the back-pressure.
 */
export class InFlight {
  readonly #receiptsMax: number
  readonly #onChange: () => void
  readonly #onRejected: (error: unknown) => void
  #receipts = 0

  constructor(
    receiptsMax: number,
    on: { readonly change: () => void; readonly rejected: (error: unknown) => void },
  ) {
    this.#receiptsMax = receiptsMax
    this.#onChange = on.change
    this.#onRejected = on.rejected
  }

  get count(): number {
    return this.#receipts
  }

  get full(): boolean {
    return this.#receipts >= this.#receiptsMax
  }

  add(receipt: Receipt): void {
    this.#receipts++
    receipt.accepted
      .catch((error: unknown) => this.#onRejected(error))
      .finally(() => {
        this.#receipts--
        this.#onChange()
      })
  }
}
