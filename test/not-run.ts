import { appendFileSync } from 'node:fs'
import type { TestContext } from 'vitest'

/**
 * Ends a test that cannot run on this machine. The end of `npm test` names it with the reason and
 * the cure; in CI it is a failure. For facts of the machine only, never for a test that fails.
 */
export function notRun(
  context: TestContext,
  left: { readonly what: string; readonly why: string; readonly cure: string },
): never {
  const file = process.env['FLUME_TEST_NOT_RUN']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(left)}\n`)
  return context.skip(left.why)
}
