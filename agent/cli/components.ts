import { defaultText, describeComponents, kindKey } from '../config/describe.ts'
import type { ComponentDescription, FieldDescription } from '../config/describe.ts'
import { cure } from '../config/suggest.ts'
import type { Output } from './validate.ts'

export interface ComponentsOptions {
  /** A type (`file`), or one of a kind (`sink/file`). Omitted: the list of all. */
  readonly name?: string
  readonly output?: 'text' | 'json'
}

const WIDTH = 96

/** `flume components [NAME]`: fields, defaults and a working example. Returns the exit code. */
export function components(options: ComponentsOptions, out: Output): number {
  const all = describeComponents()
  const { name } = options
  const found = name === undefined ? all : all.filter((each) => isNamed(each, name))
  if (found.length === 0) {
    const known = [...new Set(all.map((each) => each.type))]
    out.stderr(`there is no component ${JSON.stringify(name)}.${cure(name!, known, 'types')}\n`)
    return 2
  }
  if (options.output === 'json') out.stdout(`${JSON.stringify(found, null, 2)}\n`)
  else if (name === undefined) out.stdout(list(found))
  else out.stdout(found.map(details).join('\n'))
  return 0
}

function isNamed({ kind, type }: ComponentDescription, name: string): boolean {
  const key = kindKey(kind)
  return name === type || name === `${key}/${type}` || name === `${key}s/${type}`
}

function list(all: readonly ComponentDescription[]): string {
  const width = Math.max(...all.map((each) => each.type.length))
  const kinds = [...new Set(all.map((each) => each.kind))]
  const blocks = kinds.map((kind) => {
    const lines = all
      .filter((each) => each.kind === kind)
      .map((each) => hanging(`  ${each.type.padEnd(width)}  `, each.summary))
    return [`${kind}s`, ...lines].join('\n')
  })
  return `${blocks.join('\n\n')}\n\nMore on one: flume components NAME, such as tail or sink/file.\n`
}

function details(component: ComponentDescription): string {
  const { kind, type, summary, fields, example } = component
  return [
    `${kind} ${type}`,
    hanging('  ', summary),
    '',
    'Fields:',
    ...(fields.length === 0 ? ['  none'] : fields.map(field)),
    '',
    'Example, a whole manifest:',
    ...example
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '',
  ].join('\n')
}

function field(each: FieldDescription): string {
  const facts = [each.type]
  if (each.required) facts.push('required')
  if (each.default !== undefined) facts.push(`default ${defaultText(each)}`)
  return `  ${each.name}: ${facts.join(', ')}\n${hanging('      ', each.description)}`
}

/** Breaks a text into lines, the first behind `start` and the others below its beginning. */
function hanging(start: string, text: string): string {
  const indent = ' '.repeat(start.length)
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last !== '' && indent.length + last.length + word.length >= WIDTH) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return start + lines.join(`\n${indent}`)
}
