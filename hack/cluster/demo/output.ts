import { setTimeout as pause } from 'node:timers/promises'
import { compareDelivery } from './delivered.ts'
import type { Delivery } from './delivered.ts'
import type { Product } from './product.ts'

/** The files that agents write a numbered stream to. */
export interface Output {
  readonly pods: readonly string[]
  readonly directory: string
  /** Numbers below this were sent. */
  readonly count: number
}

const LOOK_MS = 1000

/** Looks into the files until all numbers are there, `secondsMax` at most; what it saw last. */
export async function untilDelivered(
  product: Product,
  { pods, directory, count }: Output,
  secondsMax: number,
): Promise<Delivery> {
  const deadlineMs = performance.now() + 1000 * secondsMax
  for (;;) {
    const lines: string[] = []
    for (const pod of pods) {
      for (const line of await product.linesIn(pod, directory)) lines.push(line)
    }
    const delivery = compareDelivery(lines, count)
    if (delivery.lost.length === 0 || performance.now() > deadlineMs) return delivery
    await pause(LOOK_MS)
  }
}
