import { readFileSync } from 'node:fs'

/** Version of the product, from its package.json. */
export function productVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

/** What `flume version` prints. */
export function formatVersion(output: 'text' | 'json'): string {
  const facts = {
    version: productVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
  }
  if (output === 'json') return `${JSON.stringify(facts)}\n`
  return `flume-operator ${facts.version} (Node ${facts.node}, V8 ${facts.v8}, ${facts.platform})\n`
}
