import { fileChannelOptions } from '../../agent/channels/file/options.ts'
import { OracleFailure } from './channel-model.ts'
import { flipBody } from './flip.ts'
import { SeededRandom } from './random.ts'
import { Simulation } from './simulation.ts'
import type { OpenChannel, SimulationOptions } from './simulation.ts'

/** What one run did, and how it ended. */
export interface RunResult {
  readonly seed: number
  readonly operations: number
  /** System calls of the channel, over all restarts. */
  readonly faults: Readonly<Record<string, number>>
  readonly crashes: { readonly kill: number; readonly power: number }
  readonly eventsChecked: number
  readonly failure: string | undefined
  readonly trace: readonly string[]
}

/** An operation is an action of a run; a run has at least this many, and a fault that fired. */
const OPERATIONS_MIN = 50
const OPERATIONS_MAX = 140
const RESERVE_FILE_BYTES_MIN = 8192

const WEIGHTS = {
  emit: 30,
  emitLoose: 5,
  goBack: 3,
  changeRouting: 1,
  take: 22,
  ack: 18,
  release: 4,
  saveState: 2,
  cancelTakes: 1,
  tick: 10,
  armFault: 3,
  clearFaults: 3,
  fillDisk: 1.2,
  freeDisk: 1.2,
  crashSoon: 1.5,
  failSyncAndDie: 0.8,
  kill: 1,
  power: 1.2,
  reopen: 1.2,
  openTwice: 0.3,
  flip: 2,
  drain: 0.6,
} as const

type Action = keyof typeof WEIGHTS

/** The channel, its surroundings and its sizes, all from the seed: tiny, so that everything happens. */
export function simulationOptions(random: SeededRandom, open: OpenChannel): SimulationOptions {
  const segmentSize = random.pick([16, 24, 64]) * 1024
  const sizes = fileChannelOptions({
    segmentSize,
    capacity: segmentSize * random.pick([4, 8, 32]),
    capacityEvents: random.chance(0.15) ? 200 : undefined,
  })
  const sinks = random.pick([1, 1, 2, 3])
  const sources = random.between(1, 3)
  return {
    random,
    open,
    channel: {
      ...sizes,
      // A checkpoint and the states of all sinks fit, as they do in a reserve of megabytes.
      reserveFileBytes: Math.max(sizes.reserveFileBytes, RESERVE_FILE_BYTES_MIN),
      cacheBytesMax: random.pick([0, 1000, 10_000, 1_000_000]),
      groupBytesMax: random.pick([1, 4000, 1_000_000]),
      pendingBytesMax: random.pick([4000, 1_000_000]),
      readBytes: random.pick([100, 4096, 1_000_000]),
      quarantineBytesMax: random.pick([0, 3000, 1_000_000]),
    },
    directory: random.chance(0.1) ? '/data/agent/flow/channel' : '/data/channel',
    sinks: Array.from({ length: sinks }, (_, i) => ({
      name: `sink${i}`,
      keepsState: random.chance(0.75),
    })),
    sources: Array.from({ length: sources }, (_, i) => ({
      stream: `s${i}`,
      routing: random.chance(0.12) ? '' : 'r1',
    })),
    stateBytes: random.pick([1, 1, 100, 700]),
    fillerMax: random.pick([2, 60, 400]),
    ordered: sinks === 1 && random.chance(0.5),
  }
}

/** One run: the same seed does the same, call by call. */
export async function faultRun(seed: number, open: OpenChannel): Promise<RunResult> {
  const random = new SeededRandom(seed)
  const simulation = new Simulation(simulationOptions(random, open))
  let failure: string | undefined
  try {
    await simulation.start()
    await disturb(simulation, random)
    await simulation.finish()
  } catch (error) {
    failure = error instanceof OracleFailure ? error.message : describe(error)
  }
  const faults = simulation.faultsFired()
  return {
    seed,
    operations: simulation.operations,
    faults: Object.fromEntries(faults),
    crashes: simulation.crashes,
    eventsChecked: simulation.oracle.eventsChecked,
    failure,
    trace: simulation.disk.trace,
  }
}

async function disturb(simulation: Simulation, random: SeededRandom): Promise<void> {
  const count = random.between(OPERATIONS_MIN, OPERATIONS_MAX)
  const flips = random.chance(0.2)
  const fills = random.chance(0.4)
  const weights = {
    ...WEIGHTS,
    flip: flips ? WEIGHTS.flip : 0,
    fillDisk: fills ? WEIGHTS.fillDisk : 0,
    freeDisk: fills ? WEIGHTS.freeDisk : 0,
  }
  while (simulation.operations < count) {
    const action = random.weighted(weights)
    simulation.operations++
    simulation.note(action)
    await act(simulation, random, action)
    await simulation.step(random.between(0, 3))
  }
  if (simulation.faultsFired().size === 0) await simulation.crash('power')
}

function act(simulation: Simulation, random: SeededRandom, action: Action): Promise<void> | void {
  const actions: Record<Action, () => Promise<void> | void> = {
    emit: () => {
      for (let left = random.between(1, 4); left > 0; left--) simulation.emit()
    },
    emitLoose: () => simulation.emitLoose(),
    goBack: () => simulation.goBack(),
    changeRouting: () => simulation.changeRouting(),
    take: () => simulation.take(),
    ack: () => simulation.ack(),
    release: () => simulation.release(),
    saveState: () => simulation.saveState(),
    cancelTakes: () => simulation.cancelTakes(),
    tick: () => {
      simulation.clock.advance(random.pick([1, 50, 200, 2000]))
      if (random.chance(0.05)) simulation.clock.jump(random.between(-100_000, 100_000))
    },
    armFault: () => simulation.armFault(),
    clearFaults: () => simulation.clearFaults(),
    fillDisk: () => simulation.fillDisk(),
    freeDisk: () => simulation.freeDisk(),
    crashSoon: () => simulation.crashSoon(60),
    failSyncAndDie: () => simulation.failSyncAndDie(),
    kill: () => simulation.crash('kill'),
    power: () => simulation.crash('power'),
    reopen: () => simulation.reopen(),
    openTwice: () => simulation.openTwice(),
    flip: () => flipBody(simulation, random),
    drain: () => simulation.drainNow(),
  }
  return actions[action]()
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
