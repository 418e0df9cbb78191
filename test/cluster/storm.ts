import { setTimeout as pause } from 'node:timers/promises'
import { OPERATOR_NAMESPACE, isReady } from '../../hack/cluster/demo/product.ts'
import type { Pod, Product } from '../../hack/cluster/demo/product.ts'
import { until } from '../../hack/cluster/until.ts'
import type { SeededRandom } from '../sim/random.ts'
import { pick, planFaults } from './plan.ts'
import type { Fault } from './plan.ts'

export interface StormOptions {
  readonly product: Product
  /** Of the agents that suffer. */
  readonly pool: string
  readonly random: SeededRandom
  readonly rollImage: () => Promise<void>
  readonly say: (line: string) => void
}

const SECONDS_MAX = 180

/**
 * Faults on faults: none waits until the one before is overcome. At the end the power is back, and nothing else is
 * waited for.
 */
export class Storm {
  readonly #options: StormOptions
  /** By UID of the pod, how often its container was ended by a fault. */
  readonly kills = new Map<string, number>()
  #dark: string | undefined

  constructor(options: StormOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { random } = this.#options
    try {
      for (const { fault, pauseMs } of planFaults(random)) {
        await pause(pauseMs)
        await this.#do(fault)
      }
    } finally {
      await this.#powerOn()
    }
  }

  async #do(fault: Fault): Promise<void> {
    const { product, rollImage, say } = this.#options
    switch (fault) {
      case 'kill an agent': {
        const { metadata } = await this.#target()
        say(`${fault}: ${metadata.name}`)
        this.#count(metadata.uid)
        const { namespace } = product
        await product.cluster.crash({ namespace, pod: metadata.name, container: 'agent' })
        return
      }
      case 'delete a pod': {
        const { metadata } = await this.#target()
        say(`${fault}: ${metadata.name}`)
        await product.run(['delete', 'pod', metadata.name, '--wait=false'])
        return
      }
      case 'delete a pod of the operator': {
        const { pod } = await product.leader()
        say(`${fault}: ${pod}, which leads or led last`)
        const where = `--namespace=${OPERATOR_NAMESPACE}`
        const args = ['delete', 'pod', pod, '--wait=false', '--ignore-not-found']
        await product.kubectl.run([where, ...args])
        return
      }
      case 'roll the image':
        say(fault)
        return rollImage()
      case 'take the power from a node':
        return this.#powerOff()
      case 'give the power back':
        say(fault)
        return this.#powerOn()
    }
  }

  /** An agent that is there to suffer, by chance. */
  async #target(): Promise<Pod> {
    const { product, pool, random } = this.#options
    const number = random.number()
    return until(`an agent of ${pool} that is ready`, SECONDS_MAX, async () => {
      const pods = await product.pods(pool)
      const there = pods.filter((pod) => isReady(pod) && pod.spec.nodeName !== this.#dark)
      return there[Math.floor(number * there.length)]
    })
  }

  async #powerOff(): Promise<void> {
    const { product, pool, random, say } = this.#options
    const { nodes } = product.cluster
    this.#dark = nodes[pick(random, nodes.length)]!
    say(`take the power from a node: ${this.#dark}`)
    for (const { metadata, spec } of await product.pods(pool))
      if (spec.nodeName === this.#dark) this.#count(metadata.uid)
    await product.cluster.powerOff(this.#dark)
  }

  async #powerOn(): Promise<void> {
    if (this.#dark === undefined) return
    const { cluster } = this.#options.product
    await cluster.powerOn(this.#dark)
    this.#dark = undefined
  }

  #count(uid: string): void {
    this.kills.set(uid, (this.kills.get(uid) ?? 0) + 1)
  }
}
