import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from '../tool.ts'
import { GO_FOLDER, GO_MODULES } from './go-modules.ts'
import type { GoModule } from './go-modules.ts'

/**
 * Writes go.mod and go.sum of the named modules, or of all, for the versions in go-modules.ts:
 *
 *   npm run cluster:pin [-- NAME…]
 *
 * Run it after a version was changed there, and commit what it writes.
 */
function pin(module: GoModule): void {
  const folder = join(GO_FOLDER, module.name)
  for (const file of ['go.mod', 'go.sum']) rmSync(join(folder, file), { force: true })
  go(folder, 'mod', 'init', `flume-operator.io/cluster/${module.name}`)
  for (const [path, version] of Object.entries(module.pins)) {
    go(folder, 'mod', 'edit', `-require=${path}@${version}`)
    for (const replacement of stagingModules(folder, path, version)) {
      go(folder, 'mod', 'edit', `-replace=${replacement}`)
    }
  }
  // `tool` keeps what no source file imports.
  for (const path of Object.values(module.programs).filter((each) => each !== '.')) {
    go(folder, 'mod', 'edit', `-tool=${path}`)
  }
  go(folder, 'mod', 'tidy')
  if (existsSync(join(folder, 'go.sum'))) go(folder, 'mod', 'verify')
}

/** k8s.io/kubernetes v1.X.Y needs its own parts at v0.0.0, which are published as v0.X.Y. */
function stagingModules(folder: string, path: string, version: string): string[] {
  if (path !== 'k8s.io/kubernetes') return []
  const { GoMod } = JSON.parse(go(folder, 'mod', 'download', '-json', `${path}@${version}`)) as {
    GoMod: string
  }
  const names = readFileSync(GoMod, 'utf8').matchAll(/^\s+(k8s\.io\/[a-z-]+) v0\.0\.0$/gm)
  const published = version.replace(/^v1\./, 'v0.')
  return [...new Set([...names].map(([, name]) => `${name}=${name}@${published}`))].sort()
}

function go(folder: string, ...args: string[]): string {
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off' }
  const { status, stdout, stderr } = spawnSync('go', args, { cwd: folder, env, encoding: 'utf8' })
  if (status !== 0) throw new SetupError(`go ${args.join(' ')} in ${folder}:\n${stderr}`)
  return stdout
}

const names = process.argv.slice(2)
for (const module of GO_MODULES) {
  if (names.length > 0 && !names.includes(module.name)) continue
  console.log(`Pinning ${module.name}.`)
  pin(module)
}
