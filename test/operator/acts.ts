import { ANNOTATIONS, FLUME_AGENTS, FLUME_FLOWS } from '../../operator/api/constants.ts'
import type { SeededRandom } from '../sim/random.ts'
import type { Hands } from './hands.ts'
import { BROKEN_IMAGE } from './kubelet.ts'
import { BAD } from './scenarios.ts'
import { IMAGE } from './world.ts'

/*
 * What a user does at random, in rounds: in each of them a few pools are changed at the same time, and each
 * in one way, so that the end does not depend on what the operator saw in between.
 */

export interface WantedPool {
  readonly replicas: number
  readonly image: string
  readonly isPaused: boolean
}

export interface WantedFlow {
  /** undefined: one of its own. */
  readonly pool: string | undefined
  readonly isBad: boolean
  readonly spec: object
}

/** What there is to be. */
export interface Wanted {
  readonly pools: ReadonlyMap<string, WantedPool>
  readonly flows: ReadonlyMap<string, WantedFlow>
}

export interface Act {
  readonly text: string
  readonly pool: string
  /** Whether the FlumeAgent is deleted by it, and its pods with it. */
  readonly removes: boolean
  readonly run: (hands: Hands) => Promise<unknown>
}

export interface Round {
  readonly before: Wanted
  readonly acts: readonly Act[]
  readonly after: Wanted
}

const NEW_POOL: WantedPool = { replicas: 1, image: IMAGE, isPaused: false }
const IMAGES = [IMAGE, 'flume-operator:next', 'flume-operator:other', BROKEN_IMAGE]
/** Of a flow its home; undefined: a pool of its own. `send` hands its events to `far`. */
const HOMES: Readonly<Record<string, string | undefined>> = {
  web: 'hub',
  logs: 'hub',
  collect: 'far',
  send: 'edge',
  solo: undefined,
  duo: undefined,
}
const POOLS = ['hub', 'far', 'edge']
/** What one of them has is in the configuration of the other. */
const HOP: readonly string[] = ['far', 'edge']
const ACTS = 4

/** Makes rounds, each from what the one before wanted. */
export class Acts {
  readonly #random: SeededRandom
  #pools = new Map<string, WantedPool>()
  #flows = new Map<string, WantedFlow>()
  #ports = 4200

  constructor(random: SeededRandom) {
    this.#random = random
  }

  /** Everything is made. */
  first(): Round {
    return this.#round(() => [
      ...POOLS.map((name) => this.#makePool(name)),
      ...Object.keys(HOMES).map((name) => this.#makeFlow(name, HOMES[name])),
    ])
  }

  next(): Round {
    return this.#round(() => {
      const places = this.#places()
      const acts: Act[] = []
      while (acts.length < ACTS && places.length > 0) {
        const [place] = places.splice(this.#random.between(0, places.length - 1), 1)
        acts.push(...this.#actsOn(place!))
      }
      return acts
    })
  }

  #round(make: () => readonly Act[]): Round {
    const before = this.#wanted()
    const acts = make()
    return { before, acts, after: this.#wanted() }
  }

  #wanted(): Wanted {
    return { pools: new Map(this.#pools), flows: new Map(this.#flows) }
  }

  /** Names of pools that may be changed at the same time. */
  #places(): string[] {
    const own = [...this.#flows].filter(([, { pool }]) => pool === undefined)
    const all = [...POOLS, ...own.map(([name]) => name), ...this.#absentOwn()]
    const [left] = this.#random.chance(0.5) ? HOP : HOP.toReversed()
    return all.filter((name) => name !== left)
  }

  #absentOwn(): string[] {
    return Object.keys(HOMES).filter((name) => HOMES[name] === undefined && !this.#flows.has(name))
  }

  #actsOn(place: string): readonly Act[] {
    const pool = this.#pools.get(place)
    if (pool === undefined)
      return [POOLS.includes(place) ? this.#makePool(place) : this.#makeFlow(place, undefined)]
    if (pool.image === BROKEN_IMAGE) return [this.#change(place, { image: this.#image(IMAGE) })]
    if (pool.isPaused) return [this.#whilePaused(place, pool)]
    const kind = this.#random.weighted({
      scale: 3,
      image: 3,
      pause: 2,
      remake: 1,
      remove: 1,
      flow: 4,
      both: 2,
    })
    switch (kind) {
      case 'scale':
        return [this.#change(place, { replicas: this.#replicas(pool) })]
      case 'image':
        return [this.#change(place, { image: this.#image(pool.image) })]
      case 'pause':
        return [this.#change(place, { isPaused: true, replicas: this.#replicas(pool) })]
      case 'remake':
        return [this.#remake(place)]
      case 'remove':
        return [this.#remove(place)]
      case 'flow':
        return [this.#flowAct(place)]
      case 'both':
    }
    return [
      this.#change(place, { replicas: this.#replicas(pool), image: this.#image(BROKEN_IMAGE) }),
      this.#flowAct(place),
    ]
  }

  #whilePaused(place: string, pool: WantedPool): Act {
    const kind = this.#random.weighted({ goOn: 3, change: 1, flow: 1 })
    if (kind === 'goOn') return this.#change(place, { isPaused: false })
    if (kind === 'flow') return this.#flowAct(place)
    return this.#change(place, { replicas: this.#replicas(pool), image: this.#image(BROKEN_IMAGE) })
  }

  #flowAct(place: string): Act {
    const here = [...this.#flows].filter(([name, { pool }]) => (pool ?? name) === place)
    const absent = Object.keys(HOMES).filter(
      (name) => HOMES[name] === place && !this.#flows.has(name),
    )
    const isAbsent = absent.length > 0 && (here.length === 0 || this.#random.chance(0.5))
    if (isAbsent) return this.#makeFlow(this.#random.pick(absent), place)
    if (here.length === 0)
      return this.#change(place, { replicas: this.#replicas(this.#pools.get(place)!) })
    const [name, flow] = this.#random.pick(here)
    const isOwn = flow.pool === undefined
    const kind = this.#random.weighted({
      change: 3,
      bad: flow.isBad ? 0 : 2,
      remove: isOwn ? 0 : 1,
      move: name === 'web' && !isOwn ? 3 : 0,
    })
    if (kind === 'move') return this.#move(name)
    if (kind === 'remove') return this.#removeFlow(name, place)
    return this.#putFlow(
      name,
      { ...flow, isBad: kind === 'bad' },
      kind === 'bad' ? 'goes bad' : 'is changed',
    )
  }

  #replicas(pool: WantedPool): number {
    return this.#random.pick([0, 1, 2, 2, 3, 3].filter((each) => each !== pool.replicas))
  }

  /** Another one; a rollout that cannot end holds a place among those that roll, so that there is one at a time. */
  #image(present: string): string {
    const isOneBroken = [...this.#pools.values()].some(({ image }) => image === BROKEN_IMAGE)
    return this.#random.pick(
      IMAGES.filter((each) => each !== present && !(isOneBroken && each === BROKEN_IMAGE)),
    )
  }

  #makePool(name: string): Act {
    this.#pools.set(name, { ...NEW_POOL, replicas: this.#random.between(1, 2) })
    return { ...this.#put(name), text: `${name} is made` }
  }

  #change(name: string, changed: Partial<WantedPool>): Act {
    this.#pools.set(name, { ...this.#pools.get(name)!, ...changed })
    return { ...this.#put(name), text: `${name}: ${JSON.stringify(changed)}` }
  }

  #put(name: string): Omit<Act, 'text'> {
    const { replicas, image, isPaused } = this.#pools.get(name)!
    const metadata = isPaused ? { annotations: { [ANNOTATIONS.paused]: 'true' } } : {}
    const run = (hands: Hands) => hands.agent(name, { replicas, image }, metadata)
    return { pool: name, removes: false, run }
  }

  #isOwn(pool: string): boolean {
    return !POOLS.includes(pool)
  }

  #remake(name: string): Act {
    if (this.#isOwn(name)) {
      this.#pools.set(name, NEW_POOL)
      const run = (hands: Hands) => removePool(hands, name)
      return { text: `${name}: its own pool is deleted`, pool: name, removes: true, run }
    }
    const { run: make, text } = this.#makePool(name)
    const run = async (hands: Hands): Promise<void> => {
      await removePool(hands, name)
      await make(hands)
    }
    return { text: `${name} is deleted, and ${text} again`, pool: name, removes: true, run }
  }

  #remove(name: string): Act {
    if (this.#isOwn(name)) return this.#removeFlow(name, name)
    this.#pools.delete(name)
    const run = (hands: Hands) => removePool(hands, name)
    return { text: `${name} is deleted`, pool: name, removes: true, run }
  }

  #makeFlow(name: string, pool: string | undefined): Act {
    return this.#putFlow(name, { pool, isBad: false, spec: {} }, 'is made')
  }

  #putFlow(name: string, { pool, isBad }: WantedFlow, what: string): Act {
    if (pool === undefined && !this.#pools.has(name)) this.#pools.set(name, NEW_POOL)
    const port = this.#ports++
    const listens =
      name === 'collect' || this.#random.chance(0.5) ? { avro: { port } } : { http: { port } }
    const sink = name === 'send' ? { agent: { name: 'far' } } : { null: {} }
    const good = { sources: [{ name: 'in', ...listens }] }
    const spec = {
      ...(pool === undefined ? {} : { agentRef: { name: pool } }),
      sinks: [{ name: 'out', ...sink }],
      ...(isBad ? BAD : good),
    }
    this.#flows.set(name, { pool, isBad, spec })
    const run = (hands: Hands) => hands.flow(name, spec)
    return { text: `flow ${name} ${what}`, pool: pool ?? name, removes: false, run }
  }

  #removeFlow(name: string, pool: string): Act {
    this.#flows.delete(name)
    const isOwn = this.#isOwn(pool)
    if (isOwn) this.#pools.delete(pool)
    const run = async (hands: Hands): Promise<void> => {
      await hands.remove(FLUME_FLOWS, name)
      if (isOwn) await isGone(hands, pool)
    }
    return { text: `flow ${name} is deleted`, pool, removes: isOwn, run }
  }

  /** To a pool of its own: agentRef cannot change, so that it is made anew. */
  #move(name: string): Act {
    const make = this.#makeFlow(name, undefined)
    const run = async (hands: Hands): Promise<void> => {
      await hands.remove(FLUME_FLOWS, name)
      await make.run(hands)
    }
    return { ...make, text: `flow ${name} moves to a pool of its own`, run }
  }
}

async function removePool(hands: Hands, name: string): Promise<void> {
  const before = await hands.get(FLUME_AGENTS, name)
  await hands.remove(FLUME_AGENTS, name)
  await isGone(hands, name, before?.metadata.uid)
}

/** Gone, or another one in its place. */
function isGone(hands: Hands, name: string, uid?: string): Promise<void> {
  return hands.until(`${name} is gone`, async () => {
    const found = await hands.get(FLUME_AGENTS, name)
    return found === undefined || (uid !== undefined && found.metadata.uid !== uid)
  })
}
