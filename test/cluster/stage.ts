import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { Product } from '../../hack/cluster/demo/product.ts'
import { cannotRun, localProvider } from '../../hack/cluster/local.ts'
import { collectEvidence } from './evidence.ts'
import { needsCluster } from './needs.ts'

/** The image under two names: what is rolled out changes, and what runs is the same. */
export const IMAGES = ['flume-operator:0.1.0', 'flume-operator:again'] as const

const NODES = 2

/**
 * A cluster with the chart installed for the tests of a file, and a namespace for what they make, beginning with
 * `prepare`. It is taken down after the last of them; when one fails, what the cluster says goes into a folder first.
 */
export function useStage(
  namespace: string,
  prepare: (product: Product) => Promise<void> = async () => {},
): { readonly product: Product } {
  let product: Product | undefined
  let folder: string | undefined
  const tell = async (what: string): Promise<void> => {
    if (product === undefined) return
    console.error(`${what}: see ${await collectEvidence(product, join(folder!, 'state'))}`)
  }
  beforeAll(async () => {
    if (cannotRun() !== undefined) return
    folder = mkdtempSync(join(tmpdir(), 'flume-cluster-'))
    const directory = join(folder, 'state')
    const cluster = await localProvider.up({ directory, nodes: NODES, say: () => {} })
    product = new Product(cluster, namespace)
    try {
      await product.loadImage(...IMAGES.map((name) => `docker.io/library/${name}`))
      await product.install()
      await product.makeNamespace()
      await prepare(product)
    } catch (error) {
      await tell('the stage could not be set')
      throw error
    }
  })
  beforeEach((context) => {
    needsCluster(context)
    context.onTestFailed(() => tell(context.task.name))
  })
  afterAll(async () => {
    if (folder === undefined) return
    await localProvider.down(join(folder, 'state'))
    rmSync(folder, { recursive: true })
  })
  return {
    get product() {
      return product!
    },
  }
}
