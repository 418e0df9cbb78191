import { select } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { Part, Selector } from '../../core/selector.ts'
import type { MultiplexingSelectorConfig } from './config.ts'

interface Target {
  readonly channel: string
  readonly required: boolean
}

/** Where the events of one header value go. Compared by identity. */
type Route = readonly Target[]

/**
 * Chooses channels by the value of a header, compared exactly. A batch on which the header is common
 * goes whole, without a look at its events; else it is split by the column.
 */
export function createSelector(config: MultiplexingSelectorConfig): Selector {
  const fallback = routeOf(config.default, [])
  const routes = new Map<string, Route>()
  for (const { value, channels, optional } of config.mappings)
    routes.set(value, routeOf(channels ?? config.default, optional))

  return (batch) => {
    const column = batch.headers.columns.get(config.header)
    if (column === undefined) {
      const value = batch.headers.common.get(config.header)
      return whole(batch, (value !== undefined && routes.get(value)) || fallback)
    }
    return split(batch, (i) => {
      const value = column[i]
      return (value !== undefined && routes.get(value)) || fallback
    })
  }
}

/** All that `default` and a mapping can require. A default counts even if no event ever takes it. */
export function requiredChannels(
  config: MultiplexingSelectorConfig,
  channels: readonly string[],
): readonly string[] {
  const required = new Set([
    ...config.default,
    ...config.mappings.flatMap((mapping) => mapping.channels ?? []),
  ])
  return channels.filter((channel) => required.has(channel))
}

/** A channel that is both required and optional is required. */
function routeOf(required: readonly string[], optional: readonly string[]): Route {
  const names = new Set([...required, ...optional])
  return [...names].map((channel) => ({ channel, required: required.includes(channel) }))
}

function whole(batch: Batch, route: Route): Part[] {
  return route.map(({ channel, required }) => ({ channel, required, batch }))
}

function split(batch: Batch, routeAt: (i: number) => Route): Part[] {
  const groups = new Map<Route, number[]>()
  for (let i = 0; i < batch.count; i++) {
    const route = routeAt(i)
    const group = groups.get(route)
    if (group === undefined) groups.set(route, [i])
    else group.push(i)
  }
  if (groups.size === 1) return whole(batch, routeAt(0))
  // One part for a channel, whatever routes lead to it: its events stay in order and travel together.
  return [
    ...partsOf(batch, true, gather(groups, true)),
    ...partsOf(batch, false, gather(groups, false)),
  ]
}

function gather(
  groups: ReadonlyMap<Route, readonly number[]>,
  required: boolean,
): ReadonlyMap<string, readonly (readonly number[])[]> {
  const runs = new Map<string, (readonly number[])[]>()
  for (const [route, indices] of groups) {
    for (const target of route) {
      if (target.required !== required) continue
      runs.set(target.channel, [...(runs.get(target.channel) ?? []), indices])
    }
  }
  return runs
}

function partsOf(
  batch: Batch,
  required: boolean,
  runs: ReadonlyMap<string, readonly (readonly number[])[]>,
): Part[] {
  return Array.from(runs, ([channel, each]) => {
    const indices = Uint32Array.from(each.flat())
    return { channel, required, batch: select(batch, each.length > 1 ? indices.sort() : indices) }
  })
}
