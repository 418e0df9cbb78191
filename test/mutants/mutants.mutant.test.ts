import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MutantCopy } from './mutate.ts'
import { MUTANTS } from './mutants.ts'

describe('the oracle', () => {
  let copy: MutantCopy
  beforeAll(async () => {
    copy = await MutantCopy.make()
  })
  afterAll(() => copy.remove())

  test.each(['channel', 'delivery', 'hop'] as const)(
    'of the %s passes without a mutant',
    async (oracle) => {
      const { failed, report } = await copy.run(oracle)
      expect(failed, report).toBe(false)
    },
  )

  test.each(MUTANTS)('fails on: $name', async (mutant) => {
    const { failed, report } = await copy.judge(mutant)
    expect(failed, `${mutant.expectation}, and nothing failed: ${report}`).toBe(true)
  })
})
