import type { Random } from '../../agent/lib/random.ts'

/**
 * Random numbers that are the same for the same seed (the generator is sfc32). Everything random in
 * a simulated run comes from one of these, so that a seed repeats a run call by call.
 */
export class SeededRandom implements Random {
  readonly seed: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.seed = seed
    this.#a = 0x9e3779b9 ^ seed
    this.#b = Math.imul(seed, 0x85ebca6b) | 0
    this.#c = Math.imul(seed ^ 0x27d4eb2f, 0xc2b2ae35) | 0
    // Neighbouring seeds start alike; a dozen rounds spread them.
    for (let i = 0; i < 12; i++) this.uint32()
  }

  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum >>> 0
  }

  number(): number {
    return this.uint32() / 2 ** 32
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) bytes[i] = this.uint32() & 0xff
    return bytes
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.number() * (max - min + 1))
  }

  /** True in `probability` of the calls. */
  chance(probability: number): boolean {
    return this.number() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)]!
  }

  /** One of the keys, as often as its weight says. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][]
    let left = this.number() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    return entries[0]![0]
  }

  /** A generator of its own, so that drawing more numbers in one place does not shift another. */
  fork(): SeededRandom {
    return new SeededRandom(this.uint32())
  }
}
