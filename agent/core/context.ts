import type { Clock } from '../lib/clock.ts'
import type { Disk } from '../lib/disk.ts'
import type { Random } from '../lib/random.ts'
import type { Logger } from './logger.ts'

/** What every component is given. Nothing global is used instead. */
export interface ComponentContext {
  /** Name of the component in its flow. */
  readonly name: string
  readonly flow: string
  readonly clock: Clock
  readonly random: Random
  /** The door to the disk for everything whose durability we promise. */
  readonly disk: Disk
  readonly log: Logger
}
