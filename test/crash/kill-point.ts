import type { SeededRandom } from '../sim/random.ts'

/** Where an agent is killed: at an operation on its disk, or from outside at some time. */

/** What a path is to the agent. */
export type FileKind =
  | 'segment'
  | 'new segment'
  | 'reserve'
  | 'channel directory'
  | 'positions log'
  | 'output'
  | 'output directory'
  | 'other'

export type Operation =
  'create' | 'write' | 'datasync' | 'truncate' | 'rename' | 'remove' | 'syncDirectory'

/** 'torn': a write of which half reached the file. */
export type Moment = 'before' | 'after' | 'torn'

export interface DiskKillPoint {
  readonly kind: FileKind
  readonly operation: Operation
  readonly moment: Moment
  /** At the n-th such operation of the process, from 1. */
  readonly nth: number
}

export interface OutsideKillPoint {
  readonly afterMs: number
}

export type KillPoint = DiskKillPoint | OutsideKillPoint

type Place = readonly [FileKind, Operation, readonly Moment[], nthMax: number]

const ALL = ['before', 'after', 'torn'] as const
const BOTH = ['before', 'after'] as const

/**
 * Every step by which something becomes durable, as the flows here reach it within a second.
 * `nthMax`: how often at least.
 */
const PLACES: readonly Place[] = [
  ['reserve', 'write', ALL, 1],
  ['segment', 'write', ALL, 12],
  ['segment', 'truncate', BOTH, 1],
  ['segment', 'datasync', BOTH, 12],
  ['reserve', 'datasync', BOTH, 1],
  ['output', 'write', ALL, 12],
  ['output', 'truncate', BOTH, 1],
  ['output', 'datasync', BOTH, 12],
  ['new segment', 'create', BOTH, 1],
  ['new segment', 'write', ALL, 1],
  ['new segment', 'datasync', BOTH, 1],
  ['new segment', 'rename', BOTH, 1],
  ['channel directory', 'syncDirectory', BOTH, 1],
  ['segment', 'remove', BOTH, 1],
  ['positions log', 'write', ALL, 4],
  ['positions log', 'datasync', BOTH, 4],
  ['output', 'create', BOTH, 1],
  ['output directory', 'syncDirectory', BOTH, 1],
]

/** Every kill point without its count, in a fixed order. */
const NAMED_POINTS: readonly DiskKillPoint[] = PLACES.flatMap(
  ([kind, operation, moments, nthMax]) =>
    moments.map((moment) => ({ kind, operation, moment, nth: nthMax })),
)

const OUTSIDE_MS_MAX = 1500
const OUTSIDE_SHARE = 0.25

/** Kinds of files of one type of channel; a flow has one type. */
const FILE_CHANNEL = new Set<FileKind>(['segment', 'new segment', 'reserve', 'channel directory'])
const MEMORY_CHANNEL = new Set<FileKind>(['positions log'])

/** The next kill point: the named ones in turn, with random counts, and some from outside. */
export function chooseKillPoint(
  turn: number,
  flow: { readonly channel: 'file' | 'memory'; readonly isNew: boolean },
  random: SeededRandom,
): KillPoint {
  if (random.chance(OUTSIDE_SHARE)) return { afterMs: random.between(0, OUTSIDE_MS_MAX) }
  const others = flow.channel === 'file' ? MEMORY_CHANNEL : FILE_CHANNEL
  const points = NAMED_POINTS.filter(
    // The reserve is made with the channel.
    ({ kind }) => !others.has(kind) && (kind !== 'reserve' || flow.isNew),
  )
  const point = points[turn % points.length]!
  return { ...point, nth: random.between(1, point.nth) }
}

/** The name under which kills are counted. */
export function nameOf(point: KillPoint): string {
  return 'afterMs' in point ? 'from outside' : `${point.moment} ${point.operation} of ${point.kind}`
}
