import { randomBytes } from 'node:crypto'

/** Randomness, passed in everywhere so that tests are deterministic. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Buffer
  /** A number in [0, 1). */
  number(): number
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  number: () => Math.random(),
}
