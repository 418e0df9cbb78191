/**
 * Whether another protocol than Flume's own text has messages that are the same on the wire. Names of
 * types, documentation, aliases and namespaces may differ; fields and their order may not: there is no
 * schema resolution on this path.
 */

/** Most bytes of a protocol that is looked at; Flume's own has 1334. */
export const PROTOCOL_BYTES_MAX = 64 * 1024
const DEPTH_MAX = 16

const EVENT = '{map<string>,bytes}'
const SHAPES: Readonly<Record<string, string>> = { append: EVENT, appendBatch: `array<${EVENT}>` }
const STATUS = 'enum<OK,FAILED,UNKNOWN>'

/** Why a peer with this protocol cannot be served, in a sentence; undefined when it can. */
export function protocolProblem(text: string): string | undefined {
  if (Buffer.byteLength(text) > PROTOCOL_BYTES_MAX)
    return `its text has more than ${PROTOCOL_BYTES_MAX} bytes`
  let protocol: unknown
  try {
    protocol = JSON.parse(text)
  } catch {
    return 'its text is not JSON'
  }
  if (!isObject(protocol) || !isObject(protocol['messages'])) return 'it has no messages'
  const types = namedTypes(protocol['types'])
  let known = 0
  for (const [name, shape] of Object.entries(SHAPES)) {
    if (!Object.hasOwn(protocol['messages'], name)) continue
    const message = protocol['messages'][name]
    if (requestShape(message, types) !== shape) return `its ${name} takes other parameters`
    if (!isObject(message) || shapeOf(message['response'], types, 0) !== STATUS)
      return `its ${name} expects another answer`
    known++
  }
  return known === 0 ? 'it has neither append nor appendBatch' : undefined
}

type Types = ReadonlyMap<string, unknown>

function requestShape(message: unknown, types: Types): string | undefined {
  if (!isObject(message) || message['one-way'] === true) return undefined
  const parameters = message['request']
  if (!Array.isArray(parameters) || parameters.length !== 1) return undefined
  return shapeOf((parameters[0] as { type?: unknown } | null)?.type, types, 0)
}

/** A text that is the same for types that look the same on the wire. */
function shapeOf(type: unknown, types: Types, depth: number): string | undefined {
  if (depth > DEPTH_MAX) return undefined
  if (typeof type === 'string') {
    const named = types.get(unqualified(type))
    return named === undefined ? type : shapeOf(named, types, depth + 1)
  }
  if (!isObject(type)) return undefined
  const inner = (each: unknown) => shapeOf(each, types, depth + 1)
  switch (type['type']) {
    case 'map':
      return `map<${inner(type['values'])}>`
    case 'array':
      return `array<${inner(type['items'])}>`
    case 'enum':
      return Array.isArray(type['symbols']) ? `enum<${type['symbols'].join(',')}>` : undefined
    case 'record':
      return recordShape(type['fields'], inner)
    default:
      return inner(type['type'])
  }
}

function recordShape(
  fields: unknown,
  inner: (type: unknown) => string | undefined,
): string | undefined {
  if (!Array.isArray(fields) || fields.length !== 2) return undefined
  return `{${fields.map((field) => inner((field as { type?: unknown } | null)?.type)).join(',')}}`
}

function namedTypes(types: unknown): Types {
  const result = new Map<string, unknown>()
  if (!Array.isArray(types)) return result
  for (const type of types)
    if (isObject(type) && typeof type['name'] === 'string')
      result.set(unqualified(type['name']), type)
  return result
}

function unqualified(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
