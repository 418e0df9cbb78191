import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureContext, SecureContextOptions } from 'node:tls'
import type { Clock } from '../lib/clock.ts'
import { FreshFiles, PathError } from '../lib/fresh-files.ts'
import type { Contents } from '../lib/fresh-files.ts'
import { FlumeError } from './errors.ts'
import type { ClientTlsConfig } from './tls.ts'

/** How long after a change of the files connections may still be made with the old ones. */
const CHECK_INTERVAL_MS = 10_000

/** The same in two forms: for sockets of our own, and for `createServer` and `setSecureContext`. */
export interface TlsMaterial {
  readonly secureContext: SecureContext
  readonly options: SecureContextOptions
}

type FileName = 'certificate' | 'key' | 'passphrase' | 'ca'

/**
 * Certificates, keys and authorities, read again when their files change: certificates are renewed while
 * the agent runs. As long as new ones cannot be used the last good ones are.
 */
export class TlsContext {
  readonly #files: FreshFiles<FileName>
  readonly #minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly #clock: Clock
  readonly #onProblem: (error: FlumeError) => void
  #material: TlsMaterial | undefined
  /** Read, but not usable so far: certificate and key may be replaced one after the other. */
  #contents: Partial<Contents<FileName>> | undefined
  #checkedAtMs = -Infinity
  #checking: Promise<void> | undefined

  /** `onProblem` hears of new files that cannot be used, once per check. */
  constructor(
    config: TlsFilesConfig,
    options: { readonly clock: Clock; readonly onProblem: (error: FlumeError) => void },
  ) {
    this.#files = new FreshFiles(pathsOf(config))
    this.#minVersion = config.minVersion
    this.#clock = options.clock
    this.#onProblem = options.onProblem
  }

  /**
   * What to make the next connection with, the same object while nothing changed. Rejects with FLM6201
   * as long as there never was any.
   */
  async current(): Promise<TlsMaterial> {
    const nowMs = this.#clock.monotonic()
    if (this.#material === undefined || nowMs - this.#checkedAtMs >= CHECK_INTERVAL_MS)
      await (this.#checking ??= this.#check(nowMs))
    return this.#material!
  }

  async #check(nowMs: number): Promise<void> {
    try {
      this.#contents = (await this.#files.changes()) ?? this.#contents
      if (this.#contents === undefined) return
      this.#material = this.#make(this.#contents)
      this.#contents = undefined
    } catch (thrown) {
      const error = unusable(thrown)
      if (this.#material === undefined) throw error
      this.#onProblem(error)
    } finally {
      this.#checkedAtMs = nowMs
      this.#checking = undefined
    }
  }

  #make(contents: Partial<Contents<FileName>>): TlsMaterial {
    const { certificate, key, passphrase, ca } = contents
    const options: SecureContextOptions = {
      minVersion: this.#minVersion,
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined
        ? {}
        : { passphrase: passphrase.toString().replace(/\r?\n$/, '') }),
      ...(ca === undefined ? {} : { ca }),
    }
    return { secureContext: createSecureContext(options), options }
  }
}

/** What both sides have in common; `ca` of a server are the authorities of its clients. */
interface TlsFilesConfig {
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  readonly passphraseFile?: string | undefined
  readonly ca?: string | undefined
  readonly clientCa?: string | undefined
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}

function pathsOf(config: TlsFilesConfig): Record<FileName, string> {
  const { certificate, key, passphraseFile } = config
  const paths = { certificate, key, passphrase: passphraseFile, ca: config.ca ?? config.clientCa }
  const given = Object.entries(paths).filter(([, path]) => path !== undefined)
  return Object.fromEntries(given) as Record<FileName, string>
}

/** For `connect({ socket, secureContext, … })` to a peer that is addressed by `host`. */
export function clientTlsOptions(config: ClientTlsConfig, host: string): ConnectionOptions {
  const name = config.serverName ?? host
  return {
    host: name,
    rejectUnauthorized: config.verify !== 'none',
    // What is asked for in the greeting is never an address.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(config.verify === 'full' ? {} : { checkServerIdentity: () => undefined }),
  }
}

function unusable(thrown: unknown): FlumeError {
  const cause = thrown instanceof PathError ? thrown.cause : thrown
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message =
    thrown instanceof PathError
      ? `reading ${thrown.path} for TLS: ${reason}`
      : `using the certificate and key for TLS: ${reason}; check that they are of one pair`
  return new FlumeError('FLM6201', message, { retryable: true, cause })
}
