import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeArchive } from './archive.ts'
import type { Image } from './archive.ts'
import { addFile } from './tree.ts'
import type { Tree } from './tree.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-archive-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function images(): Image[] {
  const [below, above]: [Tree, Tree] = [new Map(), new Map()]
  addFile(below, 'lib/a', 'a')
  addFile(above, 'bin/b', 'b', 0o755)
  const layer = (tree: Tree) => ({ about: 'a layer', tree })
  return [
    { name: 'docker.io/library/one:1', layers: [layer(below)], config: { User: '1:1' } },
    { name: 'docker.io/library/two:2', layers: [layer(below), layer(above)], config: {} },
  ]
}

function unpacked(): string {
  const archive = join(folder, 'a.tar')
  writeArchive(archive, images())
  execFileSync('tar', ['--extract', '--file', archive], { cwd: folder })
  return folder
}

interface Index {
  manifests: { digest: string; annotations: Record<string, string> }[]
}

interface Config {
  rootfs: { diff_ids: string[] }
}

interface DockerImage {
  Config: string
  RepoTags: string[]
  Layers: string[]
}

interface Manifest {
  config: { digest: string }
  layers: { digest: string; size: number }[]
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
const blob = (digest: string): string => join(folder, 'blobs', digest.replace(':', '/'))

test('every blob has the digest that it is named by; a layer of two images is stored once', () => {
  unpacked()
  const names = readdirSync(join(folder, 'blobs', 'sha256'))
  for (const name of names) {
    const content = readFileSync(join(folder, 'blobs', 'sha256', name))
    expect(createHash('sha256').update(content).digest('hex')).toBe(name)
  }
  // Two layers, and a manifest and a configuration for each image.
  expect(names).toHaveLength(6)
})

test('the index leads to a manifest, its configuration and layers; Docker finds the same', () => {
  unpacked()
  const { manifests } = json(join(folder, 'index.json')) as Index
  expect(manifests.map((each) => each.annotations['io.containerd.image.name'])).toEqual([
    'docker.io/library/one:1',
    'docker.io/library/two:2',
  ])
  const { config, layers } = json(blob(manifests[1]!.digest)) as Manifest
  const { rootfs } = json(blob(config.digest)) as Config
  expect(layers.map((layer) => layer.digest)).toEqual(rootfs.diff_ids)
  expect(readFileSync(blob(layers[0]!.digest))).toHaveLength(layers[0]!.size)
  const docker = json(join(folder, 'manifest.json')) as DockerImage[]
  expect(docker[1]!.RepoTags).toEqual(['docker.io/library/two:2'])
  expect(join(folder, docker[1]!.Config)).toBe(blob(config.digest))
  expect(docker[1]!.Layers.map((layer) => join(folder, layer))).toEqual(rootfs.diff_ids.map(blob))
})

test('the same images are the same bytes', () => {
  const [first, second] = [join(folder, '1.tar'), join(folder, '2.tar')]
  writeArchive(first, images())
  writeArchive(second, images())
  expect(readFileSync(first).equals(readFileSync(second))).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['1.tar', '2.tar'])
})
