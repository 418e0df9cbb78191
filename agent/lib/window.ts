/** Keeps at most `openMax` promises open: the bound of everything that pulls and does not await. */
export class Window {
  readonly #openMax: number
  readonly #onRejected: (error: unknown) => void
  #open = 0
  #changed = Promise.withResolvers<void>()

  /** `onRejected` hears of every rejection; a rejected promise is closed like any other. */
  constructor(openMax: number, onRejected: (error: unknown) => void) {
    this.#openMax = openMax
    this.#onRejected = onRejected
  }

  add(promise: Promise<unknown>): void {
    this.#open++
    const close = (): void => {
      this.#open--
      this.#changed.resolve()
      this.#changed = Promise.withResolvers()
    }
    promise.then(close, (error: unknown) => {
      this.#onRejected(error)
      close()
    })
  }

  /** Resolves when one more may be added. */
  async room(): Promise<void> {
    while (this.#open >= this.#openMax) await this.#changed.promise
  }

  /** Resolves when none is open. */
  async empty(): Promise<void> {
    while (this.#open > 0) await this.#changed.promise
  }
}
