import type { Clock } from '../../agent/lib/clock.ts'
import type { ApplyProblem } from './problems.ts'

/** What is asked for, and on which state of the object. */
export interface Request {
  /** Key of the pool. */
  readonly scope: string
  /** `StatefulSet hub` */
  readonly object: string
  /** Of what is asked for. */
  readonly hash: string
  /** UID and version of the object; empty while there is none. */
  readonly state: string
}

interface Answer {
  readonly request: Request
  /** Why it was refused; undefined when it changed nothing. */
  readonly problem: ApplyProblem | undefined
  readonly atMs: number
}

/** What was refused may be allowed later: a quota, a policy and an admission webhook change. */
const REFUSED_AGAIN_MS = 60_000

/**
 * Requests that need not be repeated as long as nothing changes. Some changed nothing: the API server writes
 * some values in another way than they were asked for ("1000m" becomes "1"), so that an object looks
 * different for ever. Others were refused.
 */
export class Memory {
  readonly #clock: Clock
  /** By scope and object: bounded by the objects there are. */
  readonly #scopes = new Map<string, Map<string, Answer>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The outcome of the same request on the same state; undefined where it has to be made. */
  recall({ scope, object, hash, state }: Request): 'unchanged' | ApplyProblem | undefined {
    const known = this.#scopes.get(scope)?.get(object)
    if (known === undefined || known.request.hash !== hash || known.request.state !== state)
      return undefined
    if (known.problem === undefined) return 'unchanged'
    const ageMs = this.#clock.monotonic() - known.atMs
    return ageMs < REFUSED_AGAIN_MS ? known.problem : undefined
  }

  remember(request: Request, problem?: ApplyProblem): void {
    const { scope, object } = request
    const known = this.#scopes.get(scope) ?? new Map<string, Answer>()
    const answer = { request, problem, atMs: this.#clock.monotonic() }
    this.#scopes.set(scope, known.set(object, answer))
  }

  /** The scope is no more. */
  forget(scope: string): void {
    this.#scopes.delete(scope)
  }
}
