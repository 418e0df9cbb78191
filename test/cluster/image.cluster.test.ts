import { execFileSync } from 'node:child_process'
import { createReadStream, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { USER_ID } from '../../hack/image/layers.ts'
import { ROOT } from '../cli/flume.ts'
import { needsCluster } from './needs.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-image-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function build(...args: string[]): void {
  execFileSync(process.execPath, [join(ROOT, 'hack', 'image.ts'), ...args], { stdio: 'pipe' })
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

test('the image is the same to the byte when it is built again', async (context) => {
  needsCluster(context)
  const files = ['1.tar', '2.tar'].map((name) => join(folder, name))
  for (const file of files) build('--output', file)
  const [first, second] = await Promise.all(files.map(digest))
  expect(first).toBe(second)
})

test('its programs run without a shell, as a user without rights, and no file is left to strip', async (context) => {
  needsCluster(context)
  const layers = join(folder, 'layers')
  build('--directory', layers)
  const root = join(folder, 'root')
  for (const layer of readdirSync(layers)) {
    execFileSync('cp', ['--archive', '--no-target-directory', join(layers, layer), root])
  }
  expect(readdirSync(join(root, 'usr', 'local', 'bin'))).toEqual(['node'])
  const home = join(root, 'opt', 'flume-operator')
  const sources = ['agent', 'operator'].flatMap((name) => typescript(join(home, name)))
  const programs = readdirSync(join(home, 'bin'))
  for (const cache of readdirSync(join(home, 'compile-cache'))) {
    // Under the flags of one program, the others are not among them.
    const entries = readdirSync(join(home, 'compile-cache', cache)).length
    expect(entries).toBeGreaterThanOrEqual(sources.length - programs.length + 1)
  }
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  }
  for (const program of programs) {
    const words = [`--userspec=${USER_ID}:${USER_ID}`, root, `/opt/flume-operator/bin/${program}`]
    const output = execFileSync('chroot', [...words, '--version'], { encoding: 'utf8' })
    expect(output).toContain(version)
  }
})

function typescript(below: string): string[] {
  try {
    return readdirSync(below, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.ts'),
    )
  } catch {
    return []
  }
}
