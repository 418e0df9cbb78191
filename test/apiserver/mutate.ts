import type { SeededRandom } from '../sim/random.ts'

type Key = string | number

/** What a field is set to: of every type, and names, sizes and durations that mean something. */
const VALUES: readonly unknown[] = [
  null,
  0,
  1,
  -1,
  1.5,
  65_536,
  true,
  false,
  [],
  {},
  [{}],
  ['a', 'a'],
  ['default'],
  '',
  'a',
  'b',
  'default',
  'in',
  'out',
  'A',
  'a b',
  '5',
  '5m',
  '366d',
  '10Mi',
  '1.5Gi',
  '/a',
  { name: 'a' },
  { a: 'b' },
  { port: 4141 },
]

/** Keys that mean something somewhere. */
const KEYS = ['zzz', 'name', 'file', 'null', 'channel', 'service', 'selector']

/** A copy with a field left out, replaced, added or put in the place of another. */
export function mutate<Value>(original: Value, random: SeededRandom): Value {
  const copy = structuredClone(original)
  const places = placesOf(copy).filter((path) => path.length > 0)
  if (places.length === 0) return copy
  const path = random.pick(places)
  const parent = at(copy, path.slice(0, -1)) as Record<Key, unknown>
  const key = path.at(-1)!
  const change = random.pick(['remove', 'replace', 'add', 'move'] as const)
  if (change === 'replace') parent[key] = structuredClone(random.pick(VALUES))
  else if (change === 'move') parent[key] = structuredClone(at(copy, random.pick(places)))
  else if (change === 'add' && Array.isArray(parent)) parent.push(structuredClone(parent[key]))
  else if (change === 'add') parent[random.pick(KEYS)] = structuredClone(random.pick(VALUES))
  else if (Array.isArray(parent)) parent.splice(Number(key), 1)
  else delete parent[key]
  return copy
}

function placesOf(value: unknown, path: readonly Key[] = []): (readonly Key[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, each]) =>
    placesOf(each, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return [path, ...inner]
}

function at(value: unknown, path: readonly Key[]): unknown {
  return path.reduce((each, key) => (each as Record<Key, unknown>)[key], value)
}

/** Whether null stands anywhere in it: for the API server that is no field at all. */
export function hasNull(value: unknown): boolean {
  if (typeof value !== 'object') return false
  return value === null || Object.values(value).some(hasNull)
}
