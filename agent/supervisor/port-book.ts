import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { FlumeError, systemCode } from '../core/errors.ts'
import type { Random } from '../lib/random.ts'
import { findFreePort } from './free-port.ts'
import type { Probe } from './free-port.ts'
import { writeAtomically } from './write-file.ts'

/** Replicas whose ports are kept; of more, those that this process has not asked for are forgotten. */
const REPLICAS_MAX = 1_000

const port = z.int().min(1).max(65_535)

/** `up.json`: replica → key (`admin`, `FLOW/SOURCE`) → port. */
const fileSchema = z.strictObject({ ports: z.record(z.string(), z.record(z.string(), port)) })

export interface PortBookOptions {
  readonly probe: Probe
  readonly random: Random
}

/**
 * The ports that replicas were given and keep: those of the next start are the same, so that whatever
 * was told where a replica is finds it again.
 */
export class PortBook {
  readonly #path: string
  readonly #options: PortBookOptions
  readonly #ports: Map<string, Map<string, number>>
  /** Written in manifests, so not to be given away. */
  #reserved: ReadonlySet<number> = new Set()
  /** Ports of earlier starts that were looked at: whoever listens there now is ours. */
  readonly #held = new Set<number>()
  /** Replicas that were asked for. */
  readonly #asked = new Set<string>()
  #changed = false

  private constructor(
    path: string,
    options: PortBookOptions,
    ports: Map<string, Map<string, number>>,
  ) {
    this.#path = path
    this.#options = options
    this.#ports = ports
  }

  /** Reads the file; one that is not there is empty. Throws FLM9103 for one that is not readable. */
  static read(path: string, options: PortBookOptions): PortBook {
    try {
      const { ports } = fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
      const maps = Object.entries(ports).map(
        ([replica, keys]) => [replica, new Map(Object.entries(keys))] as const,
      )
      return new PortBook(path, options, new Map(maps))
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') return new PortBook(path, options, new Map())
      const reason = cause instanceof Error ? cause.message : String(cause)
      const message = `The ports of earlier starts cannot be read from ${path}: ${reason}. Remove the file: replicas are then given new ports.`
      throw new FlumeError('FLM9103', message, { retryable: false, cause, facts: { path } })
    }
  }

  /** Ports that manifests name: nobody else is given one of them. */
  reserve(ports: Iterable<number>): void {
    this.#reserved = new Set(ports)
  }

  /** The port of a replica for `key`: the one it had, if it can be listened at, else another. */
  async portOf(replica: string, key: string, host: string): Promise<number> {
    this.#asked.add(replica)
    const kept = this.#ports.get(replica)?.get(key)
    if (kept !== undefined && !this.#reserved.has(kept) && (await this.#usable(kept, host)))
      return kept
    const found = await findFreePort(host, this.#taken(), this.#options)
    if (found === undefined) {
      const message = `No free port was found at ${host} for ${replica}.`
      throw new FlumeError('FLM9103', message, { retryable: true, facts: { host } })
    }
    const ports = this.#ports.get(replica) ?? new Map<string, number>()
    this.#ports.set(replica, ports.set(key, found))
    this.#held.add(found)
    this.#changed = true
    return found
  }

  /** Writes the file if a port is new. */
  save(): void {
    if (!this.#changed) return
    for (const replica of this.#ports.keys())
      if (this.#ports.size > REPLICAS_MAX && !this.#asked.has(replica)) this.#ports.delete(replica)
    const ports = Object.fromEntries(
      [...this.#ports].map(([replica, keys]) => [replica, Object.fromEntries(keys)]),
    )
    writeAtomically(this.#path, `${JSON.stringify({ ports }, null, 2)}\n`)
    this.#changed = false
  }

  async #usable(kept: number, host: string): Promise<boolean> {
    if (this.#held.has(kept)) return true
    if (!(await this.#options.probe(host, kept))) return false
    this.#held.add(kept)
    return true
  }

  #taken(): ReadonlySet<number> {
    const taken = new Set(this.#reserved)
    for (const keys of this.#ports.values()) for (const given of keys.values()) taken.add(given)
    return taken
  }
}
