import { fileChannelOptions } from '../../../agent/channels/file/options.ts'
import type { FileChannelOptions } from '../../../agent/channels/file/options.ts'
import { OracleFailure } from '../channel-model.ts'
import { randomFault } from '../disk-faults.ts'
import { BLOCK_BYTES } from '../disk-node.ts'
import type { RunResult } from '../fault-run.ts'
import { SeededRandom } from '../random.ts'
import { Network } from './network.ts'
import { ReceiverNode } from './receiver-node.ts'
import type { ReceiverShape } from './receiver-process.ts'
import { ROUTINGS } from './routing.ts'
import type { SenderShape } from './sender-process.ts'
import { SenderNode } from './sender-node.ts'
import { STEP_MS, World } from './world.ts'

const OPERATIONS_MIN = 50
const OPERATIONS_MAX = 80
const SENDERS = 3
const RECEIVERS = 2
/** Steps in which everything must arrive once nothing stands in its way. */
const CALM_STEPS_MAX = 3000
const FREEZE_STEPS_MAX = 60
const KIB = 1024

const WEIGHTS = {
  emit: 34,
  pass: 26,
  cut: 3,
  freeze: 2,
  stall: 1,
  flow: 1.5,
  kill: 2.5,
  power: 2,
  crashSoon: 3,
  restart: 1,
  armFault: 1.2,
  fillDisk: 0.5,
  mend: 1.5,
  snapshot: 0,
  restore: 0,
  reroute: 0,
  removeChannel: 0,
} as const

type Action = keyof typeof WEIGHTS

/**
 * A run of the hop: three senders with file channels, two receivers with file channels, and a network
 * between them that delays, reorders, breaks off and delivers late. The oracle is HopOracle.
 */
export async function hopRun(seed: number): Promise<RunResult> {
  const run = new HopRun(new SeededRandom(seed))
  let failure: string | undefined
  // In the product an unhandled rejection ends the process, whatever it was about.
  const unhandled = (error: unknown): void => {
    failure ??= `unhandled rejection: ${(error as Error).stack}`
  }
  process.on('unhandledRejection', unhandled)
  try {
    await run.run()
  } catch (error) {
    failure ??= error instanceof OracleFailure ? error.message : (error as Error).stack
  }
  process.off('unhandledRejection', unhandled)
  return {
    seed,
    operations: run.operations,
    faults: Object.fromEntries(run.fired()),
    crashes: run.crashes,
    eventsChecked: run.world.oracle.eventsChecked,
    failure,
    trace: run.world.trace,
  }
}

class HopRun {
  readonly world: World
  operations = 0
  readonly #random: SeededRandom
  readonly #network: Network
  readonly #senders: readonly SenderNode[]
  readonly #receivers: readonly ReceiverNode[]
  readonly #weights: Record<Action, number>
  readonly #fired = new Map<string, number>()

  constructor(random: SeededRandom) {
    this.#random = random
    this.world = new World(random)
    this.#network = new Network(this.world)
    const options = optionsOf(random)
    const network = this.#network
    const { world } = this
    const once = !options.forgets
    this.#receivers = Array.from(
      { length: RECEIVERS },
      (_, i) => new ReceiverNode(`hub${i}`, world, { network, shape: options.receiver, once }),
    )
    const shape = shapeOf(random, options.sender)
    const parts = { network, receivers: this.#receivers, shape }
    this.#senders = Array.from(
      { length: SENDERS },
      (_, i) => new SenderNode(`edge${i}`, world, parts),
    )
    const restores = random.chance(0.25) ? 1 : 0
    const reroutes = random.chance(0.25) ? 1 : 0
    this.#weights = {
      ...WEIGHTS,
      snapshot: restores * 2,
      restore: restores,
      reroute: reroutes * 1.5,
      removeChannel: reroutes * 3,
    }
  }

  get crashes(): { kill: number; power: number } {
    const crashes = { kill: 0, power: 0 }
    for (const node of this.#nodes()) {
      crashes.kill += node.crashes.kill
      crashes.power += node.crashes.power
    }
    return crashes
  }

  async run(): Promise<void> {
    const random = this.#random
    for (const node of this.#nodes()) await node.prepare()
    await this.#started()
    const count = random.between(OPERATIONS_MIN, OPERATIONS_MAX)
    for (; this.operations < count; this.operations++) {
      const action = random.weighted(this.#weights)
      this.world.note(action)
      await this.#act(action)
      await this.#pass(random.between(0, 2))
    }
    if (this.fired().size === 0) this.#node().crash('power')
    await this.#finish()
  }

  fired(): Map<string, number> {
    const all = new Map(this.#fired)
    for (const node of this.#nodes())
      for (const [what, count] of node.faultsFired()) all.set(what, (all.get(what) ?? 0) + count)
    const { kill, power } = this.crashes
    if (kill > 0) all.set('SIGKILL', kill)
    if (power > 0) all.set('power loss', power)
    return all
  }

  async #act(action: Action): Promise<void> {
    const random = this.#random
    const receiver = random.pick(this.#receivers)
    const node = this.#node()
    const actions: Record<Action, () => void | Promise<void>> = {
      emit: () => {
        for (let left = random.between(1, 3); left > 0; left--)
          random.pick(this.#senders).running?.emit()
      },
      pass: () => this.#pass(random.between(1, 12)),
      cut: () => this.#count('connection cut', this.#network.cutOne()),
      freeze: () => {
        receiver.freeze(random.between(5, FREEZE_STEPS_MAX))
        this.#count('freeze')
      },
      stall: () => {
        receiver.stalled = true
      },
      flow: () => {
        receiver.stalled = false
      },
      kill: () => node.crash('kill'),
      power: () => node.crash('power'),
      crashSoon: () => node.crashSoon(40),
      restart: () => node.restart(),
      armFault: () => node.disk.faults.arm(randomFault(random)),
      fillDisk: () => {
        node.disk.capacityBytes = node.disk.usedBytes + BLOCK_BYTES * random.between(0, 8)
      },
      mend: () => {
        for (const each of this.#nodes()) each.mend()
      },
      snapshot: () => node.takeSnapshot(),
      restore: () => {
        const restorable = this.#nodes().filter((each) => each.hasSnapshot)
        if (restorable.length === 0) return
        random.pick(restorable).restoreSnapshot()
        this.#count('snapshot restored')
      },
      reroute: () => {
        receiver.reroute(random.pick(ROUTINGS))
        this.#count('routing changed')
      },
      removeChannel: () => receiver.removeChannel(),
    }
    return actions[action]()
  }

  async #pass(steps: number): Promise<void> {
    for (let left = steps; left > 0; left--) {
      await this.world.pass()
      this.#network.tick()
      for (const node of this.#nodes()) node.tick()
    }
  }

  /** Nothing disturbs any more: everything must arrive, and stay after a last power loss. */
  async #finish(): Promise<void> {
    const { world } = this
    world.calm = true
    world.note('calm')
    for (const node of this.#nodes()) node.mend()
    for (const receiver of this.#receivers) {
      receiver.thaw()
      receiver.stalled = false
    }
    await this.#settle()
    for (const node of this.#nodes()) node.crash('power')
    for (const node of this.#nodes()) node.disk.latency = 'none'
    await this.#settle()
    world.oracle.check(new Map(this.#nodes().map((each) => [each.name, each.outputs()])))
  }

  /** The first start is not what a run is about. */
  async #started(): Promise<void> {
    while (this.#nodes().some((node) => node.running === undefined)) await this.#pass(1)
    for (const node of this.#nodes()) node.disk.latency = 'mixed'
  }

  async #settle(): Promise<void> {
    for (let step = 0; step < CALM_STEPS_MAX; step++) {
      await this.#pass(1)
      const busy = this.#nodes().filter((node) => (node.running?.backlogEvents ?? 1) > 0)
      if (busy.length === 0) return
    }
    const left = this.#nodes().map(
      (node) => `${node.name} ${node.running?.backlogEvents ?? 'down'}`,
    )
    throw new OracleFailure(
      `not at rest after ${CALM_STEPS_MAX} steps, backlogs: ${left.join(', ')}`,
    )
  }

  #node(): SenderNode | ReceiverNode {
    return this.#random.pick(this.#nodes())
  }

  #nodes(): readonly (SenderNode | ReceiverNode)[] {
    return [...this.#receivers, ...this.#senders]
  }

  #count(what: string, fired = true): void {
    if (fired) this.#fired.set(what, (this.#fired.get(what) ?? 0) + 1)
  }
}

interface Sizes {
  readonly sender: FileChannelOptions
  readonly receiver: ReceiverShape
  /** The receivers forget senders for want of room: what they forgot may come twice. */
  readonly forgets: boolean
}

function optionsOf(random: SeededRandom): Sizes {
  const forgets = random.chance(0.1)
  const memory = random.chance(0.15)
  const segmentSize = 32 * KIB
  const channel = (capacityEvents: number | undefined): FileChannelOptions => ({
    ...fileChannelOptions({ segmentSize, capacity: segmentSize * 8, capacityEvents }),
    reserveFileBytes: 16 * KIB,
    positionsBytesMax: 12 * KIB,
    cacheBytesMax: random.pick([0, 1000, 1_000_000]),
    groupBytesMax: random.pick([1, 4000, 1_000_000]),
  })
  const receiver = channel(random.chance(0.3) ? 40 : undefined)
  return {
    sender: channel(undefined),
    receiver: {
      channel: memory ? undefined : forgets ? { ...receiver, positionsBytesMax: 500 } : receiver,
      inFlightBytesMax: random.pick([8 * KIB, 1024 * KIB]),
    },
    forgets,
  }
}

function shapeOf(random: SeededRandom, options: FileChannelOptions): SenderShape {
  return {
    options,
    channels: random.chance(0.3) ? ['a', 'b'] : ['a'],
    writesMax: random.between(1, 3),
    client: {
      connections: random.between(1, 2),
      inFlightEventsMax: random.pick([10, 60, 10_000]),
      requestTimeoutMs: STEP_MS * random.pick([6, 15, 50]),
    },
    writesFile: random.chance(0.35),
  }
}
