import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { ROOT } from '../cli/flume.ts'

export const CHART = join(ROOT, 'charts', 'flume-operator')

/** Where no API server is asked for its version. */
export const KUBE_VERSION = '--kube-version=1.33.0'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Any object of Kubernetes, as a chart or the API server gives it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** Helm and kubectl of the development cluster, with no trace of, or in, the user's own settings. */
export class Programs {
  readonly #folder: string
  readonly #home = mkdtempSync(join(tmpdir(), 'flume-helm-'))
  readonly #kubeconfig: string

  /** Without a kubeconfig nothing but rendering works. */
  constructor(folder: string, kubeconfig = '/dev/null') {
    this.#folder = folder
    this.#kubeconfig = kubeconfig
  }

  helm(...args: readonly string[]): Promise<Ran> {
    return this.#run('helm', args)
  }

  kubectl(...args: readonly string[]): Promise<Ran> {
    return this.#run('kubectl', args)
  }

  /** As `kubectl`, with `input` as what it reads from `-f -`. */
  kubectlWith(input: object, ...args: readonly string[]): Promise<Ran> {
    return this.#run('kubectl', args, JSON.stringify(input))
  }

  /** `helm template` of a release `demo`; a Helm that is built from its module alone takes Kubernetes 1.20 for granted. */
  template(...options: readonly string[]): Promise<Ran> {
    const all = [KUBE_VERSION, '--namespace=flume-system', ...options]
    return this.helm('template', 'demo', CHART, ...all)
  }

  /** What the chart makes of these options: all objects but the definitions of our kinds. */
  async render(...options: readonly string[]): Promise<Manifest[]> {
    const { stdout } = succeeded(await this.template(...options))
    const manifests = loadAll(stdout).filter((each) => each !== null && each !== undefined)
    return (manifests as Manifest[]).filter(({ kind }) => kind !== 'CustomResourceDefinition')
  }

  clean(): void {
    rmSync(this.#home, { recursive: true, force: true })
  }

  #run(program: string, args: readonly string[], input = ''): Promise<Ran> {
    const { promise, resolve, reject } = Promise.withResolvers<Ran>()
    const child = spawn(join(this.#folder, program), args, {
      env: { PATH: process.env['PATH'], HOME: this.#home, KUBECONFIG: this.#kubeconfig },
    })
    let stdout = ''
    let stderr = ''
    child.stdin.end(input)
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }))
    return promise
  }
}

export function succeeded(ran: Ran): Ran {
  if (ran.code !== 0) throw new Error(`ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`)
  return ran
}
