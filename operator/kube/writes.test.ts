import { expect, test } from 'vitest'
import { RESOURCES } from './resources.ts'
import { guards } from './writes.ts'
import type { Write } from './writes.ts'

const write: Write = { verb: 'create', type: RESOURCES.pods, name: { namespace: 'a', name: 'b' } }

test('several guards are asked in order, and the first that refuses ends it', () => {
  const asked: string[] = []
  const guard = (name: string) => ({
    before: () => void asked.push(`before ${name}`),
    after: () => void asked.push(`after ${name}`),
  })
  const refuses = {
    before: () => {
      throw new Error('no')
    },
  }
  const all = guards(guard('a'), guard('b'))
  all.before!(write)
  all.after!(write)
  expect(asked).toEqual(['before a', 'before b', 'after a', 'after b'])
  expect(() => guards(refuses, guard('c')).before!(write)).toThrow('no')
  expect(asked).toHaveLength(4)
})
