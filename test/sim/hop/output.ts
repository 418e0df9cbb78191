import { fail } from '../channel-model.ts'

/**
 * The target of one channel of a receiver, behind a sink that keeps its state as the file sink does: it
 * is cut back to what was acknowledged when the channel is opened again, so that what leaves the channel is
 * in it once.
 */
export class Output {
  readonly name: string
  #content: string[] = []
  #counts = new Map<string, number>()
  /** Delivered before the volume went back to a snapshot, or the channel was removed. */
  readonly #earlier = new Set<string>()

  constructor(name: string) {
    this.name = name
  }

  get length(): number {
    return this.#content.length
  }

  has(key: string): boolean {
    return this.#counts.has(key) || this.#earlier.has(key)
  }

  keys(): ReadonlySet<string> {
    return new Set([...this.#counts.keys(), ...this.#earlier])
  }

  /** `once`: the receiver kept its disk and its routing, so nothing may come twice. */
  push(key: string, once: boolean): void {
    const count = (this.#counts.get(key) ?? 0) + 1
    if (count > 1 && once) fail(`${key} is ${count} times in ${this.name}`)
    this.#counts.set(key, count)
    this.#content.push(key)
  }

  /** The channel was opened with this state. */
  cutTo(length: number): void {
    if (length > this.#content.length)
      fail(`${this.name} has ${this.#content.length} events, and its state says ${length}`)
    for (const key of this.#content.splice(length)) {
      const count = this.#counts.get(key)!
      if (count === 1) this.#counts.delete(key)
      else this.#counts.set(key, count - 1)
    }
  }

  /** A new channel, or one of a snapshot, goes on from `content`. */
  begin(content: readonly string[]): void {
    for (const key of this.#content) this.#earlier.add(key)
    this.#content = [...content]
    this.#counts = new Map()
    for (const key of content) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  content(): readonly string[] {
    return [...this.#content]
  }
}
