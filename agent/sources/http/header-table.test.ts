import { expect, it } from 'vitest'
import { HeaderTable, shown } from './header-table.ts'

it('keeps a header that all events share once, others as columns', () => {
  const table = new HeaderTable(2)
  table.set(0, 'host', 'a')
  table.set(0, 'tier', 'gold')
  table.set(1, 'host', 'a')
  const { common, columns } = table.headers()
  expect([...common]).toEqual([['host', 'a']])
  expect([...columns]).toEqual([['tier', ['gold', undefined]]])
})

it('keeps names that objects have anyway', () => {
  const table = new HeaderTable(1)
  for (const name of ['__proto__', 'constructor', '']) table.set(0, name, 'x')
  expect([...table.headers().common.keys()]).toEqual(['__proto__', 'constructor', ''])
})

it('bounds the names of a request', () => {
  const table = new HeaderTable(1)
  for (let i = 0; i < 1024; i++) expect(table.set(0, `h${i}`, '')).toBeUndefined()
  expect(table.set(0, 'h0', 'again')).toBeUndefined()
  expect(table.set(0, 'one more', '')).toMatchObject({ status: 413 })
})

it('bounds the places of all columns: an event with a name of its own makes one for every event', () => {
  const table = new HeaderTable(100_000)
  let problem
  for (let i = 0; problem === undefined; i++) problem = table.set(i, `h${i}`, '')
  expect(problem).toMatchObject({
    status: 413,
    reason: expect.stringContaining('42 different header names') as string,
  })
})

it('refuses a long name and shows its beginning', () => {
  const problem = new HeaderTable(1).set(0, 'n'.repeat(2000), '')
  expect(problem).toMatchObject({ status: 413 })
  expect(problem!.reason.length).toBeLessThan(200)
})

it('quotes names from outside', () => {
  expect(shown('a\n"')).toBe('"a\\n\\""')
})
