import { setTimeout as pause } from 'node:timers/promises'

const LOOK_MS = 50

/** Looks again and again until `look` gives something true; fails when it never does. */
export async function until<Found>(
  what: string,
  secondsMax: number,
  look: () => Found | Promise<Found>,
): Promise<NonNullable<Found>> {
  const deadlineMs = performance.now() + 1000 * secondsMax
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found
    if (performance.now() > deadlineMs) {
      throw new Error(`${what}: not within ${secondsMax} s`)
    }
    await pause(LOOK_MS)
  }
}
