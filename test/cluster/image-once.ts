import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { buildImage } from '../../hack/cluster/demo/product.ts'
import { cannotRun } from '../../hack/cluster/local.ts'

/** The image under two names: what is rolled out changes, and what runs is the same. */
export const IMAGES = ['flume-operator:0.1.0', 'flume-operator:again'] as const

declare module 'vitest' {
  export interface ProvidedContext {
    /** Archive of the image. */
    image: string
  }
}

/** Builds the image once for all files of the tier. Called by vitest, which calls what it returns at the end. */
export async function setup({ provide }: TestProject): Promise<(() => void) | undefined> {
  if (cannotRun() !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'flume-image-'))
  const archive = join(folder, 'image.tar')
  await buildImage(archive, ...IMAGES.map((name) => `docker.io/library/${name}`))
  provide('image', archive)
  return () => rmSync(folder, { recursive: true })
}
