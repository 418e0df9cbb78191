interface Sample {
  readonly sequence: number
  readonly timeMs: number
}

/** A sample in at most this many milliseconds; the oldest age is that exact. */
const RESOLUTION_MS = 250
/** Above this many samples every other one is dropped. */
const SAMPLES_MAX = 4096

/** When events were appended, roughly, for the age of the oldest one of the backlog. */
export class Ages {
  #samples: Sample[] = []

  /** Events from `sequence` on were appended at `timeMs`. Sequences only go up. */
  note(sequence: number, timeMs: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && timeMs - last.timeMs < RESOLUTION_MS) return
    this.#samples.push({ sequence, timeMs })
    if (this.#samples.length > SAMPLES_MAX)
      this.#samples = this.#samples.filter((_, i) => i % 2 === 0)
  }

  /** Age of the event at `sequence`; 0 when nothing is known. Forgets what is older. */
  of(sequence: number, nowMs: number): number {
    const i = this.#samples.findLastIndex((sample) => sample.sequence <= sequence)
    if (i > 0) this.#samples.splice(0, i)
    const sample = this.#samples[0]
    return sample === undefined ? 0 : Math.max(0, nowMs - sample.timeMs)
  }
}
