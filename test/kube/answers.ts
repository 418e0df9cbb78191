import type { ServerResponse } from 'node:http'

/* What servers that stand in for an API server have in common. */

/** Answers with JSON; a string is sent as it is. */
export function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Whether an object's path is in a collection, of one namespace or of all. */
export function isBelow(objectPath: string, collection: string): boolean {
  if (objectPath.startsWith(`${collection}/`)) return true
  const inAll = objectPath.replace(/\/namespaces\/[^/]+/, '')
  return inAll.startsWith(`${collection}/`)
}

/** A JSON merge patch (RFC 7396). */
export function merge(present: object, patch: object): object {
  const merged: Record<string, unknown> = { ...present }
  for (const [key, value] of Object.entries(patch)) {
    const old = merged[key]
    const isDeep = isObject(value) && isObject(old)
    if (value === null) delete merged[key]
    else merged[key] = isDeep ? merge(old, value) : (value as unknown)
  }
  return merged
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
