import { posix } from 'node:path'
import { openWith } from '../../../agent/channels/file/channel.ts'
import type { FileChannelOptions } from '../../../agent/channels/file/options.ts'
import { openChannel as openMemory } from '../../../agent/channels/memory/channel.ts'
import { memoryChannelSchema } from '../../../agent/channels/memory/config.ts'
import type { Channel } from '../../../agent/core/channel.ts'
import { systemCode } from '../../../agent/core/errors.ts'
import { ManualClock } from '../clock.ts'
import type { CrashKind } from '../disk.ts'
import { SimDisk } from '../disk.ts'
import { TestLog } from '../flow-parts.ts'
import type { SeededRandom } from '../random.ts'
import { STEP_MS } from './world.ts'
import type { World } from './world.ts'

/** One life of an agent, from its start to its end. */
export interface AgentProcess {
  /** Opens the channels and goes to work; rejects when the disk does not let it. */
  start(): Promise<void>
  /** Ends in order. */
  stop(): Promise<void>
  /** The process is gone: nothing it still says counts. */
  dead(): void
}

/** Where a process lives. */
export interface ProcessContext {
  readonly world: World
  readonly random: SeededRandom
  readonly clock: ManualClock
  readonly disk: SimDisk
}

interface Snapshot {
  readonly disk: SimDisk
  /** What the model knew at that moment. */
  readonly memory: unknown
}

const MEMORY = memoryChannelSchema.parse({ capacity: 40 })

/** Steps a restart takes at most, and those that a process may take to stop. */
const RESTART_STEPS_MAX = 6
const STOP_STEPS_MAX = 1500

/** An agent on a disk of its own, over crashes, restarts and restored snapshots. */
export abstract class AgentNode<Process extends AgentProcess> {
  readonly name: string
  readonly crashes = { kill: 0, power: 0 }
  protected readonly world: World
  disk: SimDisk
  #clock = new ManualClock()
  #process: Process | undefined
  #running = false
  #stopping = false
  #startAtStep = 0
  #stoppingSinceStep = Infinity
  #crashAtCall = Infinity
  #snapshot: Snapshot | undefined
  readonly #faultsBefore = new Map<string, number>()

  constructor(name: string, world: World) {
    this.name = name
    this.world = world
    this.disk = new SimDisk({ random: world.random.fork(), latency: 'none' })
    this.#listen()
  }

  /** The process, once it works. */
  get running(): Process | undefined {
    return this.#running && !this.#stopping ? this.#process : undefined
  }

  protected abstract process(context: ProcessContext): Process
  /** The process is gone. */
  protected abstract ended(process: Process): void
  /** What the model remembers with a snapshot, and what it is told when the snapshot is back. */
  protected abstract remember(): unknown
  protected abstract restored(memory: unknown): void

  async prepare(): Promise<void> {
    await this.disk.makeDirectory('/data')
    this.disk.syncAll()
    this.#start()
  }

  tick(): void {
    this.#clock.advance(STEP_MS)
    if (this.disk.halted) this.crash(this.world.random.pick(['kill', 'power']))
    else if (this.#process === undefined && this.world.step >= this.#startAtStep) this.#start()
    const stoppingSteps = this.world.step - this.#stoppingSinceStep
    // A disk that fails for good may hold it up.
    if (stoppingSteps > STOP_STEPS_MAX / 2) this.mend()
    if (stoppingSteps > STOP_STEPS_MAX) this.world.fail(new Error(`${this.name} does not stop`))
  }

  crash(kind: CrashKind): void {
    this.crashes[kind]++
    this.world.note(`${this.name}: ${kind}`)
    this.#replace(this.disk.crash(kind))
  }

  /** Ends in order, and starts again. */
  restart(): void {
    const process = this.running
    if (process === undefined) return
    this.#stopping = true
    this.world.note(`${this.name}: stops`)
    const { disk } = this
    this.#stoppingSinceStep = this.world.step
    const stopped = (error?: unknown): void => {
      if (disk !== this.disk) return
      if (error !== undefined) this.#problem(error)
      this.#stoppingSinceStep = Infinity
      process.dead()
      this.ended(process)
      this.#begin(disk)
    }
    process.stop().then(() => stopped(), stopped)
  }

  /** Keeps an image of the disk as it is on the medium, or in the page cache. */
  takeSnapshot(): void {
    const kind = this.world.random.pick(['kill', 'power'] as const)
    this.#snapshot = { disk: this.disk.image(kind), memory: this.remember() }
  }

  get hasSnapshot(): boolean {
    return this.#snapshot !== undefined
  }

  /** The machine is lost, and the volume comes back as it was at the last snapshot. */
  restoreSnapshot(): void {
    const snapshot = this.#snapshot
    if (snapshot === undefined) return
    this.world.note(`${this.name}: restored from a snapshot`)
    this.disk.halt()
    this.restored(snapshot.memory)
    this.#replace(snapshot.disk.image('kill'))
  }

  /** The medium works again, and has room. */
  mend(): void {
    this.disk.faults.clear()
    this.disk.capacityBytes = Infinity
  }

  faultsFired(): Map<string, number> {
    const all = new Map(this.#faultsBefore)
    for (const [what, count] of this.disk.faults.fired) all.set(what, (all.get(what) ?? 0) + count)
    return all
  }

  /** Work of the process that runs: when the disk does not let it, the process ends. */
  protected follow(work: Promise<void>): void {
    const process = this.#process
    work.catch((error: unknown) => {
      if (process !== this.#process) return
      this.#problem(error)
      this.crash('kill')
    })
  }

  /** Something may fail for a reason. */
  get #disturbed(): boolean {
    return this.disk.faults.armed || this.disk.faults.fired.size > 0
  }

  /** The process or its machine ends at one of the next system calls. */
  crashSoon(callsMax: number): void {
    this.#crashAtCall = this.disk.calls + this.world.random.between(1, callsMax)
  }

  #start(): void {
    const { disk } = this
    this.#clock = new ManualClock(this.#clock.now() + 1000)
    const random = this.world.random.fork()
    const process = this.process({ world: this.world, random, clock: this.#clock, disk })
    this.#process = process
    const started = (): void => {
      if (process !== this.#process) return
      this.#running = true
      this.world.note(`${this.name}: runs`)
    }
    const failed = (error: unknown): void => {
      if (process !== this.#process) return
      this.#problem(error)
      // Whatever stood in its way is taken away by hand.
      this.mend()
      this.#replace(this.disk.crash('kill'))
    }
    process.start().then(started, failed)
  }

  /** A failure without a cause in the disk is one of ours. */
  #problem(error: unknown): void {
    this.world.note(`${this.name}: ${(error as Error).message}`)
    if (!this.#disturbed || systemCode(error) === undefined) this.world.fail(error)
  }

  #replace(disk: SimDisk): void {
    const process = this.#process
    process?.dead()
    if (process !== undefined) this.ended(process)
    this.#begin(disk)
  }

  #begin(disk: SimDisk): void {
    if (disk !== this.disk) {
      for (const [what, count] of this.disk.faults.fired)
        this.#faultsBefore.set(what, (this.#faultsBefore.get(what) ?? 0) + count)
    }
    this.disk = disk
    this.#listen()
    this.#process = undefined
    this.#running = false
    this.#stopping = false
    this.#stoppingSinceStep = Infinity
    const steps = this.world.calm ? 1 : this.world.random.between(1, RESTART_STEPS_MAX)
    this.#startAtStep = this.world.step + steps
  }

  #listen(): void {
    const { disk } = this
    this.#crashAtCall = Infinity
    disk.onCall = (call): void => {
      if (call.kind === 'datasync' || call.error !== undefined)
        this.world.note(`${this.name}: ${call.kind} ${call.path} ${call.error ?? ''}`)
      if (call.index >= this.#crashAtCall) disk.halt()
    }
  }
}

/** Opens a channel of an agent, in a directory of its name. Without options it is one in memory. */
export async function openChannel(
  name: string,
  options: FileChannelOptions | undefined,
  { clock, disk, random }: ProcessContext,
): Promise<Channel> {
  const context = {
    name,
    flow: 'flow',
    clock,
    random: random.fork(),
    disk,
    log: new TestLog(),
    directory: posix.join('/data', name),
  }
  return options === undefined ? openMemory(MEMORY, context) : openWith(options, context)
}
