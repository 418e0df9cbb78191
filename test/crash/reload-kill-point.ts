import type { SeededRandom } from '../sim/random.ts'
import type { DiskKillPoint, FileKind, Operation } from './kill-point.ts'

/** Steps by which a reload, or the start after it, changes what is on disk; how often each comes. */
const PLACES: readonly (readonly [FileKind, Operation, nthMax: number])[] = [
  // The record of a channel, and the removal of an empty one.
  ['other', 'create', 2],
  ['other', 'write', 2],
  ['other', 'datasync', 2],
  ['other', 'rename', 2],
  ['other', 'remove', 3],
  ['channel directory', 'syncDirectory', 4],
  // Channels that are opened.
  ['reserve', 'write', 1],
  ['reserve', 'datasync', 1],
  ['new segment', 'create', 2],
  ['new segment', 'write', 2],
  ['new segment', 'datasync', 2],
  ['new segment', 'rename', 2],
  ['segment', 'remove', 1],
  // Events, positions and acknowledgements, at the end of the old and at the beginning of the new.
  ['segment', 'write', 8],
  ['segment', 'datasync', 8],
  // Sinks that go over to another file.
  ['output', 'truncate', 1],
  ['output', 'create', 2],
  ['output', 'write', 4],
  ['output', 'datasync', 4],
  ['output directory', 'syncDirectory', 1],
]

export function reloadKillPoint(random: SeededRandom): DiskKillPoint {
  const [kind, operation, nthMax] = random.pick(PLACES)
  const moments =
    operation === 'write' ? (['before', 'after', 'torn'] as const) : (['before', 'after'] as const)
  return { kind, operation, moment: random.pick(moments), nth: random.between(1, nthMax) }
}
