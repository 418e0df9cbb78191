import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Programs of the development cluster that are built from Go modules. */

/** Each module has a folder here with its go.mod and go.sum: they pin every byte that is built. */
export const GO_FOLDER = join(import.meta.dirname, 'go')

export interface GoModule {
  /** Its folder below GO_FOLDER. */
  readonly name: string
  /** What it pins: module → version. */
  readonly pins: Readonly<Record<string, string>>
  /** Program → the package it is built from. */
  readonly programs: Readonly<Record<string, string>>
  /** Variables that are set at the link, beside the flags that make binaries small. */
  readonly variables: Readonly<Record<string, string>>
}

const KUBERNETES = '1.34.4'
const LOCAL_PATH = 'v0.0.30'

const [MAJOR, MINOR] = KUBERNETES.split('.') as [string, string]
const VERSION = 'k8s.io/component-base/version'

export const GO_MODULES: readonly GoModule[] = [
  { name: 'pause', pins: {}, programs: { pause: '.' }, variables: {} },
  {
    name: 'etcd',
    pins: { 'go.etcd.io/etcd/server/v3': 'v3.6.7' },
    programs: { etcd: 'go.etcd.io/etcd/server/v3' },
    variables: {},
  },
  {
    name: 'kubernetes',
    pins: { 'k8s.io/kubernetes': `v${KUBERNETES}` },
    programs: Object.fromEntries(
      [
        'kube-apiserver',
        'kube-controller-manager',
        'kube-scheduler',
        'kubelet',
        'kube-proxy',
        'kubectl',
      ].map((name) => [name, `k8s.io/kubernetes/cmd/${name}`]),
    ),
    // Clients and charts read the version of the server.
    variables: {
      [`${VERSION}.gitVersion`]: `v${KUBERNETES}`,
      [`${VERSION}.gitMajor`]: MAJOR,
      [`${VERSION}.gitMinor`]: MINOR,
      [`${VERSION}.gitTreeState`]: 'clean',
      [`${VERSION}.gitCommit`]: '0'.repeat(40),
      [`${VERSION}.buildDate`]: '1970-01-01T00:00:00Z',
    },
  },
  {
    name: 'helm',
    pins: { 'helm.sh/helm/v3': 'v3.22.0' },
    programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
    variables: {},
  },
  // A main of our own with the few plugins that are needed: half the size, none of the clouds' libraries.
  {
    name: 'coredns',
    pins: { 'github.com/coredns/coredns': 'v1.14.7' },
    programs: { coredns: '.' },
    variables: {},
  },
  {
    name: 'local-path-provisioner',
    pins: { 'github.com/rancher/local-path-provisioner': LOCAL_PATH },
    programs: { 'local-path-provisioner': 'github.com/rancher/local-path-provisioner' },
    variables: { 'main.VERSION': LOCAL_PATH },
  },
]

/** Name of the file that `go build` makes of a package: its last element that is no major version. */
export function outputName(module: GoModule, path: string): string {
  if (path === '.') return module.name
  const last = basename(path)
  return /^v\d+$/.test(last) ? basename(path.slice(0, -last.length - 1)) : last
}

/** Arguments of `go` that build all programs of a module into a folder. */
export function buildArgs(module: GoModule, output: string): string[] {
  const set = Object.entries(module.variables).map(([name, value]) => `-X ${name}=${value}`)
  return [
    'build',
    '-mod=readonly',
    '-trimpath',
    '-buildvcs=false',
    `-ldflags=${['-s -w', ...set].join(' ')}`,
    '-o',
    `${output}/`,
    ...Object.values(module.programs),
  ]
}

/** Of all that decides what is built: another hash is another folder of binaries. */
export function hashOfModules(folder: string = GO_FOLDER): string {
  const hash = createHash('sha256').update(JSON.stringify(GO_MODULES))
  for (const { name } of GO_MODULES) {
    for (const file of readdirSync(join(folder, name)).sort()) {
      hash.update(`\0${name}/${file}\0`).update(readFileSync(join(folder, name, file)))
    }
  }
  return hash.digest('hex').slice(0, 12)
}
