import { createHash } from 'node:crypto'

/** 64 bits: equal hashes of different configurations of one flow will not be seen. */
const HEX_DIGITS = 16

/** A hash of plain data that does not depend on the order of keys. Hex. */
export function stableHash(value: unknown): string {
  return createHash('sha256').update(stableJson(value)).digest('hex').slice(0, HEX_DIGITS)
}

/**
 * Plain data as compact JSON with sorted keys, the same for equal data. Keys whose value is undefined count
 * as absent.
 */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value)
    // A Map or a RegExp would be "{}" in JSON, and every change of it invisible.
    if (prototype !== Object.prototype && prototype !== null)
      throw new TypeError(`a configuration must be plain data, not ${value.constructor.name}`)
    const entries = Object.entries(value).filter(([, each]) => each !== undefined)
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${sorted.map(([key, each]) => `${JSON.stringify(key)}:${stableJson(each)}`).join(',')}}`
  }
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(`a configuration must be plain data, not ${typeof value}`)
  // A Infinity is null in JSON.
  return typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : JSON.stringify(value)
}
