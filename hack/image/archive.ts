import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { tar } from './tar.ts'
import { addFile, addNode } from './tree.ts'
import type { Tree } from './tree.ts'

/**
 * Images as one archive that containerd, Docker, Podman and skopeo read: an OCI layout, and the list
 * `manifest.json` that Docker wants beside it. Layers are not compressed: registries' clients do that, and
 * loading them into a node is quicker so.
 */

const EPOCH = '1970-01-01T00:00:00Z'

export interface ImageConfig {
  readonly User?: string
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
}

export interface Image {
  /** With registry and tag: `docker.io/flume-operator/flume-operator:0.1.0`. */
  readonly name: string
  /** From the bottom up, each with what `docker history` says about it. Equal trees are stored once. */
  readonly layers: readonly { readonly about: string; readonly tree: Tree }[]
  readonly config: ImageConfig
}

interface Blob {
  readonly digest: string
  readonly size: number
}

/** Name of this machine's processor in images. */
export function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch
}

/** Writes the archive; the file appears when it is complete. Returns its size in bytes. */
export function writeArchive(output: string, images: readonly Image[]): number {
  const scratch = mkdtempSync(join(dirname(output), '.image-'))
  try {
    const archive: Tree = new Map()
    const stored = new Map<Tree, Blob>()
    const entries = images.map((image) => addImage(archive, image, { scratch, stored }))
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: entries.map((entry) => entry.descriptor),
    }
    addFile(archive, 'oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    addFile(archive, 'index.json', JSON.stringify(index))
    addFile(archive, 'manifest.json', JSON.stringify(entries.map((entry) => entry.docker)))
    const { size } = write(archive, join(scratch, 'archive'))
    renameSync(join(scratch, 'archive'), output)
    return size
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function addImage(
  archive: Tree,
  image: Image,
  { scratch, stored }: { readonly scratch: string; readonly stored: Map<Tree, Blob> },
) {
  const layers = image.layers.map(({ tree }) => {
    const blob = stored.get(tree) ?? addLayer(archive, tree, join(scratch, `${stored.size}`))
    stored.set(tree, blob)
    return blob
  })
  const config = addBlob(archive, {
    architecture: architecture(),
    os: 'linux',
    created: EPOCH,
    config: image.config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    history: image.layers.map(({ about }) => ({ created: EPOCH, created_by: about })),
  })
  const type = 'application/vnd.oci.image'
  const manifest = addBlob(archive, {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, ...config },
    layers: layers.map((layer) => ({ mediaType: `${type}.layer.v1.tar`, ...layer })),
  })
  const annotations = {
    'io.containerd.image.name': image.name,
    'org.opencontainers.image.ref.name': image.name.slice(image.name.lastIndexOf(':') + 1),
  }
  return {
    descriptor: { mediaType: `${type}.manifest.v1+json`, ...manifest, annotations },
    docker: { Config: pathOf(config), RepoTags: [image.name], Layers: layers.map(pathOf) },
  }
}

function addLayer(archive: Tree, tree: Tree, file: string): Blob {
  const blob = write(tree, file)
  const content = (): Buffer => readFileSync(file)
  addNode(archive, pathOf(blob), { type: 'file', mode: 0o644, content })
  return blob
}

function addBlob(archive: Tree, value: unknown): Blob {
  const content = Buffer.from(JSON.stringify(value))
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  const blob = { digest, size: content.length }
  addFile(archive, pathOf(blob), content)
  return blob
}

function pathOf({ digest }: Blob): string {
  return `blobs/${digest.replace(':', '/')}`
}

function write(tree: Tree, file: string): Blob {
  const hash = createHash('sha256')
  const descriptor = openSync(file, 'w')
  let size = 0
  try {
    for (const piece of tar(tree)) {
      hash.update(piece)
      let written = 0
      while (written < piece.length) written += writeSync(descriptor, piece, written)
      size += piece.length
    }
  } finally {
    closeSync(descriptor)
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}
