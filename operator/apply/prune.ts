import type { LiveObject } from '../api/live.ts'
import { isConflict, isNotFound } from '../kube/errors.ts'
import type { KubeObject } from '../kube/types.ts'
import { describeObject, typeOf } from './context.ts'
import type { ApplyContext } from './context.ts'

/** The objects of a pool that it is not to have any more. Pure. */
export function superfluous(
  desired: readonly KubeObject[],
  live: readonly LiveObject[],
): readonly LiveObject[] {
  const wanted = new Set(desired.map(describeObject))
  return live.filter(
    (each) => !wanted.has(describeObject(each)) && each.metadata.deletionTimestamp === undefined,
  )
}

/**
 * Deletes this very object in the very state that was seen; whoever changed or replaced it in the meantime
 * is right. `Foreground`: it stays until what belongs to it is gone.
 */
export async function remove(
  { client, expectations, cacheOf }: ApplyContext,
  scope: string,
  object: LiveObject,
  propagationPolicy: 'Background' | 'Foreground' = 'Background',
): Promise<void> {
  const { uid, resourceVersion } = object.metadata
  try {
    await client.delete(typeOf(object.kind), object.metadata, {
      uid,
      resourceVersion,
      propagationPolicy,
    })
  } catch (thrown) {
    if (!isNotFound(thrown) && !isConflict(thrown)) throw thrown
    if (isConflict(thrown)) return
  }
  expectations.removed(scope, cacheOf(object.kind), object)
}
