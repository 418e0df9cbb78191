import { describe, expect, it } from 'vitest'
import { toValue } from './node.ts'
import { parseYaml } from './yaml.ts'

const problemsOf = (text: string) =>
  parseYaml(text).problems.map(({ line, message }) => `${line}: ${message}`)

const valuesOf = (text: string) => parseYaml(text).documents.map(toValue)

describe('composeDocuments', () => {
  it('reads values by YAML 1.2: yes is text, true is not, a date is text', () => {
    expect(valuesOf('[yes, true, 012, 0x10, 1.5, ~, 2026-11-22, "true"]')).toEqual([
      ['yes', true, 12, 16, 1.5, null, '2026-11-22', 'true'],
    ])
  })

  it('takes keys as they are written', () => {
    expect(valuesOf('null: 1\n5: 2\ntrue: 3\n')).toEqual([{ null: 1, 5: 2, true: 3 }])
  })

  it.each([
    ['a key given twice', 'a: 1\nb: 2\na: 3\n', '3: the key "a" is given twice, first on line 1'],
    ['a key of two keys', '? {a: 1}\n: 2\n', ': a key must be plain text'],
    ['the key __proto__', 'a:\n  __proto__: {}\n', '2: the key "__proto__" is not allowed'],
    ['an unknown tag', 'a: 1\nb: !secret x\n', '2: unknown scalar tag'],
    ['an unknown tag of a list', 'a: 1\nb: !secret [x]\n', '2: the tag !secret is not supported'],
    ['a value that is not what its tag says', 'a: !!int x\n', '1: cannot resolve'],
    ['an alias of nothing', 'a: 1\nb: *x\n', '2: the alias "*x" names no anchor'],
    ['an alias inside its anchor', 'a: &x\n  - *x\n', '2: the alias "*x" stands inside'],
    ['an alias of another document', '- &x 1\n---\n- *x\n', '3: the alias "*x" names no anchor'],
  ])('reports %s', (_, text, expected) => {
    expect(problemsOf(text)[0]).toContain(expected)
  })

  it('expands aliases', () => {
    expect(valuesOf('a: &x { b: 1 }\nc: [*x, *x]\n')).toEqual([
      { a: { b: 1 }, c: [{ b: 1 }, { b: 1 }] },
    ])
  })

  it('refuses aliases of aliases that would expand to billions of values', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 12; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`)
    expect(problemsOf(lines.join('\n'))).toEqual([
      '5: the document has more than 100000 values, its aliases expanded',
    ])
  })

  it('refuses nesting by aliases that would exhaust the stack', () => {
    const nest = (inner: string) => '['.repeat(40) + inner + ']'.repeat(40)
    expect(problemsOf(`a: &a ${nest('1')}\nb: &b ${nest('*a')}\n`)).toEqual([
      '2: the document has more than 64 levels of nesting, its aliases expanded',
    ])
  })
})
