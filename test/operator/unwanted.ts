import type { Round } from './acts.ts'
import { imageOf } from './deletions.ts'
import type { Deleted } from './deletions.ts'

/**
 * Deletions in a round that no act of it asked for, as sentences. Claims are never deleted, a StatefulSet with
 * its pool alone; a pod also when the pool gets smaller, or once for another image.
 */
export function unwanted(round: Round, deleted: readonly Deleted[]): string[] {
  const seen = new Map<string, number>()
  return deleted.flatMap((each) => {
    const { kind, name, uid } = each
    const what = `${kind} ${name}`
    const times = (seen.get(what) ?? 0) + 1
    seen.set(what, times)
    const why = reasonAgainst(round, each, times)
    return why === undefined ? [] : [`${what} (${uid}) was deleted: ${why}`]
  })
}

function reasonAgainst(round: Round, { kind, name, object }: Deleted, times: number) {
  if (kind === 'PersistentVolumeClaim') return 'claims are kept'
  const isPod = kind === 'Pod'
  const pool = isPod ? name.replace(/-\d+$/, '') : name
  const ordinal = isPod ? Number(name.slice(pool.length + 1)) : 0
  const isRemoved = round.acts.some((act) => act.pool === pool && act.removes)
  const before = round.before.pools.get(pool)
  const after = round.after.pools.get(pool)
  if (times > 1) return `that was for the ${times}th time in one round`
  if (isRemoved) return undefined
  if (!isPod) return 'its pool is to stay'
  if (before === undefined || after === undefined) return 'its pool is new'
  if (after.isPaused) return 'its pool is paused'
  const mayStay = ordinal < Math.min(before.replicas, after.replicas)
  return mayStay && imageOf(object) === after.image ? 'it is as it is to be' : undefined
}
