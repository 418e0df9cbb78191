interface Remembered {
  readonly uid: string
  readonly hash: string
  readonly resourceVersion: string
}

/**
 * Requests that changed nothing. The API server writes some values in another way than they were asked for
 * ("1000m" becomes "1"), so that an object looks different for ever: it is not asked for again before it,
 * or what is asked for, changes.
 */
export class Memory {
  /** By scope, then kind and name: bounded by the objects there are. */
  readonly #scopes = new Map<string, Map<string, Remembered>>()

  isKnown(scope: string, object: string, state: Remembered): boolean {
    const known = this.#scopes.get(scope)?.get(object)
    return (
      known !== undefined &&
      known.uid === state.uid &&
      known.hash === state.hash &&
      known.resourceVersion === state.resourceVersion
    )
  }

  remember(scope: string, object: string, state: Remembered): void {
    const known = this.#scopes.get(scope) ?? new Map<string, Remembered>()
    this.#scopes.set(scope, known.set(object, state))
  }

  forget(scope: string): void {
    this.#scopes.delete(scope)
  }
}
