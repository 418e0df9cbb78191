import type { SeededRandom } from '../sim/random.ts'

export type Fault =
  | 'kill an agent'
  | 'delete a pod'
  | 'delete a pod of the operator'
  | 'roll the image'
  | 'take the power from a node'
  | 'give the power back'

/** What happens to a pool and its operator, and how often. The power has its own place. */
const FAULTS: Readonly<Partial<Record<Fault, number>>> = {
  'kill an agent': 5,
  'delete a pod': 3,
  'delete a pod of the operator': 5,
  'roll the image': 1,
}
/** As many faults come while a node is off: time enough for the cluster to notice, and to give its pods up. */
const FAULTS_WHILE_OFF = 4
const PAUSE_MS_MIN = 1_000
const PAUSE_MS_MAX = 6_000

export interface PlannedFault {
  readonly fault: Fault
  /** Before it. */
  readonly pauseMs: number
}

/** All faults in an order of chance. The same for the same random numbers. */
export function planFaults(random: SeededRandom): readonly PlannedFault[] {
  const faults = Object.entries(FAULTS).flatMap(([fault, count]) =>
    Array.from({ length: count }, () => fault as Fault),
  )
  for (let i = faults.length - 1; i > 0; i--) {
    const j = pick(random, i + 1)
    ;[faults[i], faults[j]] = [faults[j]!, faults[i]!]
  }
  const off = pick(random, faults.length - FAULTS_WHILE_OFF + 1)
  faults.splice(off + FAULTS_WHILE_OFF, 0, 'give the power back')
  faults.splice(off, 0, 'take the power from a node')
  return faults.map((fault) => ({
    fault,
    pauseMs: PAUSE_MS_MIN + pick(random, PAUSE_MS_MAX - PAUSE_MS_MIN + 1),
  }))
}

/** A number from 0 to `below` − 1. */
export function pick(random: SeededRandom, below: number): number {
  return Math.floor(random.number() * below)
}
