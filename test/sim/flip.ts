import { copyInBody } from './channel-model.ts'
import type { SeededRandom } from './random.ts'
import type { Simulation } from './simulation.ts'

/**
 * Flips one bit in the body of an event, on the medium, in a segment that was synced whole, so that
 * the damage cannot be taken for a torn write. The newest is being written, and the one before it is the
 * newest again when its roll fails.
 */
export function flipBody(simulation: Simulation, random: SeededRandom): void {
  const { disk, oracle } = simulation
  const segments = disk.paths().filter((path) => path.endsWith('.seg'))
  if (segments.length < 3) return
  const path = random.pick(segments.slice(0, -2))
  const content = disk.contentOf(path)
  const places = bodiesIn(content)
  if (places.length === 0) return
  const at = random.pick(places)
  const copy = copyInBody(content.subarray(at))
  const append = oracle.model.appends.get(Number(copy.slice(0, copy.indexOf('/'))))
  if (append === undefined || append.outcome !== 'safe') return
  append.damaged = true
  disk.corrupt(path, at + random.between(0, copy.length + 1), 1 << random.between(0, 7))
  disk.faults.count('bit flipped')
}

/** Where bodies start: `[append/key]`. */
function bodiesIn(content: Buffer): number[] {
  return [...content.toString('latin1').matchAll(/\[\d+\/[a-z0-9.]+\]/g)].map(
    (match) => match.index,
  )
}
