import type { ObjectName, ResourceType } from './types.ts'
import { apiVersionOf, keyOf } from './types.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** The collection of a type, in one namespace or in all. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === '' ? '/api' : '/apis'
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `${root}/${apiVersionOf(type)}${type.namespaced ? within : ''}/${type.plural}`
}

export function objectPath(type: ResourceType, name: ObjectName, subresource?: string): string {
  if (type.namespaced && name.namespace === undefined)
    throw new TypeError(`${type.kind} ${name.name} needs a namespace`)
  const path = `${collectionPath(type, name.namespace)}/${encodeURIComponent(name.name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}

/** Leaves out what is undefined. */
export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, String(value))
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`
}

/** `apply StatefulSet logs/hub/status`: what was tried on what, for messages. */
export function tried(
  verb: string,
  { kind }: ResourceType,
  name: ObjectName,
  subresource?: string,
): string {
  return `${verb} ${kind} ${keyOf(name)}${subresource === undefined ? '' : `/${subresource}`}`
}
