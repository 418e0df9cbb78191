import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutated } from './mutate.ts'
import { MUTANTS } from './mutants.ts'

test.each(MUTANTS)('mutant "$name" has its place in the sources', (mutant) => {
  const source = readFileSync(join(import.meta.dirname, '..', '..', mutant.file), 'utf8')
  expect(mutated(source, mutant)).not.toBe(source)
})

test('a mutant whose place is gone or stands twice is refused', () => {
  const mutant = { ...MUTANTS[0]!, find: 'sync()', replace: '' }
  expect(() => mutated('nothing', mutant)).toThrow('stands 0 times')
  expect(() => mutated('sync() sync()', mutant)).toThrow('stands 2 times')
  expect(mutated('await sync()', mutant)).toBe('await ')
})
