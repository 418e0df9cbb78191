import { dump } from 'js-yaml'
import type { z } from 'zod'

type JsonSchema = z.core.JSONSchema.JSONSchema

const WIDTH = 96

/** values.yaml: every value with its description above it and its default, in the order of the schema. */
export function valuesFile(schema: JsonSchema): string {
  return Object.entries(schema.properties ?? {})
    .filter((entry): entry is [string, JsonSchema] => typeof entry[1] === 'object')
    .flatMap(([key, property]) => valueLines(key, property))
    .join('\n')
}

function valueLines(key: string, property: JsonSchema): string[] {
  const comment = wrap(property.description ?? '').map((line) => `# ${line}`)
  if (property.properties !== undefined) {
    const inner = valuesFile(property).split('\n')
    return [...comment, `${key}:`, ...inner.map((line) => (line === '' ? '' : `  ${line}`)), '']
  }
  if (property.default === undefined) return []
  const value = dump({ [key]: property.default }, { lineWidth: -1, noRefs: true }).trimEnd()
  return [...comment, ...value.split('\n'), '']
}

function wrap(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
