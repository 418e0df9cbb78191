import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writeArchive } from './image/archive.ts'
import { productConfig, productLayers } from './image/layers.ts'
import { writeTree } from './image/tree.ts'
import { SetupError } from './setup/tool.ts'

/**
 * The image of operator and agents, made without a container engine from what `npm ci` has installed and
 * Debian's packages. The same input makes the same bytes.
 *
 *   npm run image -- --output FILE [--name NAME]…  an archive (OCI layout, which Docker loads too)
 *   npm run image -- --directory DIR               its layers as folders, for the Dockerfile
 */
const ROOT = join(import.meta.dirname, '..')
const USAGE = 'Usage: npm run image -- --output FILE [--name NAME]…, or --directory DIR'

/** As Kubernetes writes `flume-operator:VERSION` out, the chart's default. */
function defaultName(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  }
  return `docker.io/library/flume-operator:${version}`
}

function main(args: readonly string[]): number {
  const options = parse(args)
  if (options === undefined) {
    console.error(USAGE)
    return 2
  }
  const { output, directory, name } = options
  const layers = productLayers(ROOT)
  if (directory !== undefined) {
    for (const layer of layers) writeTree(layer.tree, join(resolve(directory), layer.name))
    return 0
  }
  const names = name ?? [defaultName()]
  const config = productConfig(ROOT)
  const images = names.map((each) => ({ name: each, layers, config }))
  const bytes = writeArchive(resolve(output!), images)
  const verb = names.length === 1 ? 'is' : 'are'
  console.log(`${names.join(', ')} ${verb} in ${output} (${(bytes / 1e6).toFixed(0)} MB).`)
  return 0
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        output: { type: 'string' },
        directory: { type: 'string' },
        name: { type: 'string', multiple: true },
      },
    })
    const one = (values.output === undefined) !== (values.directory === undefined)
    return one ? values : undefined
  } catch {
    return undefined
  }
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`image: ${error.message}`)
  process.exitCode = 1
}
