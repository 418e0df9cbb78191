import { KEYS, idAt, indexOf, keyOf } from './keyed-input.ts'
import type { Output } from './output.ts'
import { routeOf, routesAlike } from './shape.ts'
import type { ChannelName, Shape } from './shape.ts'

/** A moment: which shape was the newest, and how many lines of each key were written before. */
export interface Mark {
  readonly shape: number
  readonly lines: readonly number[]
}

/** What the agents were told and when, as far as it can be known from outside. */
export interface History {
  /** In the order in which they were written; the agent need not have seen all. */
  readonly shapes: readonly Shape[]
  /** Lines from here on were not taken under an earlier shape. */
  readonly confirmed: readonly Mark[]
  /** Lines before here are in their channels, and are not read again under a later shape. */
  readonly settled: readonly Mark[]
  /** By key. */
  readonly lines: readonly number[]
}

export interface ChannelOutput extends Output {
  readonly channel: ChannelName
  /** Whether the sink that wrote it still drains the channel: only then it takes back what a kill left. */
  readonly isKept: boolean
}

export interface ReloadVerdict {
  /** Lines that no shape in question explains: some channel it names does not have them. */
  readonly lost: readonly string[]
  /** Lines that came out of a channel that no shape sends them to. */
  readonly strangers: readonly string[]
  /** Lines twice in the output of a channel although the routing stayed the same. */
  readonly repeated: readonly string[]
  readonly torn: readonly string[]
  /**
   * Copies too many that a change of the routing, or a sink that left, may explain; at least, since
   * of several shapes that explain a line it is not known which it was.
   */
  readonly repeats: number
}

/** The shapes under which a line can have been taken: first and last. */
interface Window {
  readonly from: number
  readonly to: number
}

/**
 * A line was taken under some shape that was in force after it was written, and that shape's route is
 * where it must be. Reading it again under a later shape adds copies and takes none away.
 */
export function judgeReloads(history: History, outputs: readonly ChannelOutput[]): ReloadVerdict {
  const found = { lost: [], strangers: [], repeated: [] } as Record<string, string[]>
  const copies = copiesOf(outputs)
  let repeats = 0
  for (let key = 0; key < KEYS; key++) {
    for (let index = 0; index < history.lines[key]!; index++) {
      const id = idAt(key, index)
      const window = windowOf(history, id)
      const present = copies.get(id) ?? new Map<ChannelName, Copies>()
      const routes = routesIn(history, id, window)
      const reached = routes.filter((route) => route.every((channel) => present.has(channel)))
      const say = (kind: string): void => {
        const at = [...present].map(([channel, { count }]) => `${channel}×${count}`).join(' ')
        const wanted = [...new Set(routes.map((route) => `[${route.join(' ')}]`))].join(' or ')
        found[kind]!.push(
          `${id} of shapes ${window.from}–${window.to}: is in [${at}], wanted in ${wanted}`,
        )
      }
      if (reached.length === 0) say('lost')
      const later = routesIn(history, id, { from: window.from, to: history.shapes.length - 1 })
      if (![...present.keys()].every((channel) => later.some((route) => route.includes(channel))))
        say('strangers')
      const tooMany = [...present.values()].reduce((sum, { count }) => sum + count - 1, 0)
      const most = Math.max(...reached.map((route) => route.length))
      repeats += tooMany + Math.max(0, reached.length === 0 ? 0 : present.size - most)
      const inKept = [...present.values()].some(({ count, inLeft }) => count > 1 && inLeft === 0)
      if (inKept && sameRouting(history, window)) say('repeated')
    }
  }
  const { lost, strangers, repeated } = found as Record<'lost' | 'strangers' | 'repeated', string[]>
  for (const [id, present] of copies) {
    if (keyOf(id) >= KEYS || indexOf(id) >= history.lines[keyOf(id)]!)
      strangers.push(`${id} was never written, is in [${[...present.keys()].join(' ')}]`)
  }
  const torn = outputs.flatMap((output) => (output.isKept ? output.torn : []))
  return { lost, strangers, repeated, torn, repeats }
}

interface Copies {
  count: number
  /** Of them in directories of sinks that left. */
  inLeft: number
}

function copiesOf(outputs: readonly ChannelOutput[]): Map<number, Map<ChannelName, Copies>> {
  const copies = new Map<number, Map<ChannelName, Copies>>()
  for (const { channel, isKept, counts } of outputs) {
    for (const [id, count] of counts) {
      const present = copies.get(id) ?? new Map<ChannelName, Copies>()
      const sum = present.get(channel) ?? { count: 0, inLeft: 0 }
      sum.count += count
      if (!isKept) sum.inLeft += count
      present.set(channel, sum)
      copies.set(id, present)
    }
  }
  return copies
}

function windowOf({ shapes, confirmed, settled }: History, id: number): Window {
  const [key, index] = [keyOf(id), indexOf(id)]
  const from = confirmed.findLast(({ lines }) => lines[key]! <= index)?.shape ?? 0
  const to = settled.find(({ lines }) => lines[key]! > index)?.shape ?? shapes.length - 1
  return { from, to }
}

function routesIn(
  { shapes }: History,
  id: number,
  { from, to }: Window,
): readonly (readonly ChannelName[])[] {
  return shapes.slice(from, to + 1).map((shape) => routeOf(shape, id))
}

function sameRouting({ shapes }: History, { from, to }: Window): boolean {
  return shapes.slice(from, to + 1).every((shape) => routesAlike(shape, shapes[from]!))
}
