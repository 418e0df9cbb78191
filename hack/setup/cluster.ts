import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hashOfRecipe, makeBaseImages } from './cluster/base-images.ts'
import {
  GO_FOLDER,
  GO_MODULES,
  buildArgs,
  hashOfModules,
  outputName,
} from './cluster/go-modules.ts'
import type { GoModule } from './cluster/go-modules.ts'
import { SetupError, ensure, isThere, run } from './tool.ts'
import type { Tool } from './tool.ts'

/**
 * What a development cluster is made of: Debian's containerd and network tools, Kubernetes and its
 * companions built from Go modules, and the images that every node starts with. It lies below
 * `<folder>/<hash>`, where the hash is over all versions. Each file appears when it is complete, so that what
 * an interrupted run has built is kept.
 */

/** Where Debian puts them, and where others do. */
export const PLUGIN_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin']

const PROGRAMS = GO_MODULES.flatMap((module) => Object.keys(module.programs))

const CLUSTER_TOOLS: readonly Tool[] = [
  { probe: ['containerd', '--version'], title: 'containerd', debianPackage: 'containerd' },
  { probe: ['runc', '--version'], title: 'runc', debianPackage: 'runc' },
  {
    probe: [
      'sh',
      '-c',
      `for each in ${PLUGIN_FOLDERS.join(' ')}; do [ -x $each/ptp ] && exit; done; exit 1`,
    ],
    title: 'the network plugins of containers',
    debianPackage: 'containernetworking-plugins',
  },
  { probe: ['iptables', '--version'], title: 'iptables', debianPackage: 'iptables' },
  { probe: ['ip', '-V'], title: 'ip', debianPackage: 'iproute2' },
  { probe: ['unshare', '--version'], title: 'unshare', debianPackage: 'util-linux' },
  { probe: ['sysctl', '--version'], title: 'sysctl', debianPackage: 'procps' },
  { probe: ['openssl', 'version'], title: 'openssl', debianPackage: 'openssl' },
]

export interface ClusterParts {
  /** Folder of the programs. */
  readonly bin: string
  /** Archive of the images that every node starts with. */
  readonly images: string
}

/** What an earlier setup has left for the versions of this checkout, if it is complete. */
export function installedCluster(folder: string): ClusterParts | undefined {
  const parts = partsOf(folder)
  const files = [...PROGRAMS.map((name) => join(parts.bin, name)), parts.images]
  return files.every((file) => existsSync(file)) ? parts : undefined
}

/** Debian's tools that this machine does not have. */
export function missingClusterTools(): Tool[] {
  return CLUSTER_TOOLS.filter((tool) => !isThere(tool))
}

export async function installCluster(folder: string): Promise<void> {
  if (process.platform !== 'linux') throw new SetupError('a cluster needs Linux')
  ensure(CLUSTER_TOOLS)
  const { bin, images } = partsOf(folder)
  mkdirSync(bin, { recursive: true })
  for (const module of GO_MODULES) build(module, bin)
  if (!existsSync(images)) makeBaseImages({ output: images, pause: join(bin, 'pause') })
  console.log(`The programs of a cluster are in ${bin} (${readdirSync(bin).length} files).`)
}

function partsOf(folder: string): ClusterParts {
  const place = join(folder, hashOfModules())
  return { bin: join(place, 'bin'), images: join(place, `images-${hashOfRecipe()}.tar`) }
}

/** Builds beside the folder and moves what is complete, so that an interrupted build leaves nothing half. */
function build(module: GoModule, bin: string): void {
  if (Object.keys(module.programs).every((name) => existsSync(join(bin, name)))) return
  needsGo()
  console.log(`Building ${Object.keys(module.programs).join(', ')}.`)
  const started = performance.now()
  const scratch = mkdtempSync(`${bin}-`)
  try {
    const env = { CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' }
    run('go', buildArgs(module, scratch), { cwd: join(GO_FOLDER, module.name), env })
    for (const [name, path] of Object.entries(module.programs)) {
      renameSync(join(scratch, outputName(module, path)), join(bin, name))
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
  console.log(`Built ${module.name} in ${Math.round((performance.now() - started) / 1000)} s.`)
}

/** Debian's is too old; a Go from 1.21 on fetches the version that a go.mod names by itself. */
function needsGo(): void {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0) return
  throw new SetupError('Go is missing: install it from https://go.dev/dl, then run this again')
}
