import type { Random } from '../../lib/random.ts'

/** Whose turn it is. Asking changes nothing; only `took` moves on. */
export interface Turns {
  /** The active sinks, the one whose turn it is first. */
  order(active: readonly string[]): readonly string[]
  /** The active sinks as they are asked after `failed` has failed in its turn. */
  orderAfter(failed: string, active: readonly string[]): readonly string[]
  /** A sink, of those active, took the turn. */
  took(sink: string, active: readonly string[]): void
}

/** Each in turn. The turn is a place among the active sinks, as in Flume. */
export class RoundRobinTurns implements Turns {
  readonly #sinks: readonly string[]
  #head = 0

  constructor(sinks: readonly string[]) {
    this.#sinks = sinks
  }

  order(active: readonly string[]): readonly string[] {
    // The list may have become shorter.
    return rotated(active, this.#head < active.length ? this.#head : 0)
  }

  orderAfter(failed: string, active: readonly string[]): readonly string[] {
    const behind = rotated(this.#sinks, this.#sinks.indexOf(failed) + 1)
    return behind.filter((sink) => active.includes(sink))
  }

  took(sink: string, active: readonly string[]): void {
    this.#head = (active.indexOf(sink) + 1) % active.length
  }
}

/** Any, each as likely as the others. The order is drawn anew for each turn. */
export class RandomTurns implements Turns {
  readonly #random: Random
  #drawn: readonly string[]

  constructor(sinks: readonly string[], random: Random) {
    this.#random = random
    this.#drawn = shuffled(sinks, random)
  }

  order(active: readonly string[]): readonly string[] {
    return this.#drawn.filter((sink) => active.includes(sink))
  }

  orderAfter(_failed: string, active: readonly string[]): readonly string[] {
    return this.order(active)
  }

  took(): void {
    this.#drawn = shuffled(this.#drawn, this.#random)
  }
}

function rotated(sinks: readonly string[], start: number): readonly string[] {
  return [...sinks.slice(start), ...sinks.slice(0, start)]
}

/** Fisher and Yates. */
function shuffled(sinks: readonly string[], random: Random): readonly string[] {
  const all = [...sinks]
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random.number() * (i + 1))
    ;[all[i], all[j]] = [all[j]!, all[i]!]
  }
  return all
}
