import { describe, expect, it } from 'vitest'
import { lineOf, toValue } from './node.ts'
import { parseYaml } from './yaml.ts'

const problemsOf = (text: string) =>
  parseYaml(text).problems.map(({ line, message }) => `${line}: ${message}`)

const valuesOf = (text: string) => parseYaml(text).documents.map(toValue)

describe('parseYaml', () => {
  it('reads several documents with the lines of their keys', () => {
    const { documents, problems } = parseYaml(
      'a: 1\n---\n# text\nb:\n  - x\n  - c: [1,\n      2]\n',
    )
    expect(problems).toEqual([])
    expect(documents.map(toValue)).toEqual([{ a: 1 }, { b: ['x', { c: [1, 2] }] }])
    expect(lineOf(documents[1]!, ['b'])).toBe(4)
    expect(lineOf(documents[1]!, ['b', 1, 'c'])).toBe(6)
    expect(lineOf(documents[1]!, ['b', 1, 'c', 1])).toBe(7)
  })

  it('counts lines the same with LF, CR LF and CR', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const [, root] = parseYaml(
        ['# first', '---', 'x: 1', '---', 'a: 1', 'b: 2'].join(end),
      ).documents
      expect(lineOf(root!, ['b'])).toBe(6)
    }
  })

  it('reads a text that begins with a byte order mark', () => {
    expect(valuesOf('\uFEFFa: 1\n')).toEqual([{ a: 1 }])
  })

  it('gives empty input no document and a lone marker a null', () => {
    expect(valuesOf('')).toEqual([])
    expect(valuesOf('# nothing\n')).toEqual([])
    expect(valuesOf('---\n---\n')).toEqual([null, null])
  })

  it('reports a mistake in one document and still reads the others', () => {
    const text = 'a: 1\n---\nb: [1,\n---\nc: 3\n---\nd: {\n'
    expect(valuesOf(text)).toEqual([{ a: 1 }, { c: 3 }])
    expect(problemsOf(text)).toHaveLength(2)
  })

  it('does not take a document marker inside a text for one', () => {
    expect(valuesOf('a: |\n  x\n  ---\n  y\nb: "---"\n')).toEqual([{ a: 'x\n---\ny\n', b: '---' }])
  })

  it.each([
    ['a tab as indentation', 'a:\n\tb: 1\n', '2: a tab is used for indentation'],
    ['a NUL byte', 'a: 1\nb: \0\n', '2: the text has a NUL byte'],
    ['a bracket that is not closed', 'a: [1\nb: 2\n', ': '],
  ])('reports %s', (_, text, expected) => {
    expect(problemsOf(text)[0]).toContain(expected)
  })

  it('refuses nesting that would exhaust the stack', () => {
    expect(problemsOf('['.repeat(5000))[0]).toContain('nested more than 64 levels deep')
  })
})
