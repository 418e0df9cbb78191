import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

const DAYS = '3650'
const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export interface Certificate {
  /** Its files are `<name>.crt` and `<name>.key`. */
  readonly name: string
  /** Such as `/O=system:masters/CN=admin`. */
  readonly subject: string
  /** Such as `IP:127.0.0.1`; clients need none. */
  readonly names?: readonly string[]
}

/**
 * A certificate authority of its own in a folder, with elliptic curves, whose keys take milliseconds.
 * What is there stays: a file appears under its name when it is complete.
 */
export class Authority {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  file(name: string): string {
    return join(this.folder, name)
  }

  /** The authority itself, and the key that signs service accounts' tokens. */
  async create(): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    if (!existsSync(this.file('sa.key'))) {
      const key = ['ecparam', '-name', 'prime256v1', '-genkey', '-noout']
      await this.#make('sa.key', [...key, '-out', this.file('sa.key.new')])
    }
    if (!existsSync(this.file('ca.crt'))) {
      const subject = ['-subj', '/CN=flume-operator development', '-days', DAYS]
      const out = ['-keyout', this.file('ca.key'), '-out', this.file('ca.crt.new')]
      await this.#make('ca.crt', ['req', '-x509', ...EC_KEY, ...subject, ...out])
    }
  }

  async issue({ name, subject, names = [] }: Certificate): Promise<void> {
    const [certificate, key] = [`${name}.crt`, this.file(`${name}.key`)]
    if (existsSync(this.file(certificate))) return
    const request = this.file(`${name}.csr`)
    await openssl(['req', ...EC_KEY, '-keyout', key, '-out', request, '-subj', subject])
    const extensions = this.file(`${name}.ext`)
    const list = names.length === 0 ? 'DNS:localhost' : names.join(',')
    writeFileSync(extensions, `subjectAltName=${list}\n`)
    const authority = ['-CA', this.file('ca.crt'), '-CAkey', this.file('ca.key')]
    const serial = ['-set_serial', `0x1${randomBytes(8).toString('hex')}`, '-days', DAYS]
    const out = ['-extfile', extensions, '-out', this.file(`${certificate}.new`)]
    await this.#make(certificate, ['x509', '-req', '-in', request, ...authority, ...serial, ...out])
  }

  async #make(name: string, args: readonly string[]): Promise<void> {
    await openssl(args)
    renameSync(this.file(`${name}.new`), this.file(name))
  }
}

async function openssl(args: readonly string[]): Promise<void> {
  await execute('openssl', args)
}
