import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const FILES = ['edge.yaml', 'hub.yaml']
const PORT = 4141

/**
 * The folder that `flume up` is given: this one; where its port is taken, copies below `folder` that leave
 * the choice of ports to `up`.
 */
export async function manifestFolder(folder: string): Promise<string> {
  const copies = join(folder, 'manifests')
  rmSync(copies, { recursive: true, force: true })
  if (await isFree(PORT)) return import.meta.dirname
  mkdirSync(copies)
  for (const name of FILES) cpSync(join(import.meta.dirname, name), join(copies, name))
  const hub = join(copies, 'hub.yaml')
  writeFileSync(hub, readFileSync(hub, 'utf8').replace(`port: ${PORT}`, 'port: 0'))
  return copies
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  })
}
