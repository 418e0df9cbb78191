import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { byteSize, componentName, duration } from '../core/schema.ts'
import { explainProblems } from './explain.ts'
import { formatPath } from './problem.ts'
import { parseYaml } from './yaml.ts'

const schema = z.strictObject({
  text: z.string().min(2).max(4).optional(),
  number: z.number().positive().optional(),
  count: z.int().min(1).max(10).multipleOf(2).optional(),
  flag: z.boolean().optional(),
  choice: z.enum(['split', 'truncate', 'drop']).optional(),
  fixed: z.literal('only').optional(),
  size: byteSize({ min: 1024 }).optional(),
  wait: duration().optional(),
  name: componentName.optional(),
  format: z.email().optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  map: z.record(z.string().min(2), z.int()).optional(),
  group: z.strictObject({ must: z.string() }).optional(),
  either: z.union([z.string(), z.int()]).optional(),
  forms: z.union([z.string(), z.strictObject({ must: z.string() })]).optional(),
  own: z
    .string()
    .refine((value) => value === 'x', { error: 'expected x', params: { code: 'FLM1305' } })
    .optional(),
})

function explain(text: string, of: z.ZodType = schema): string[] {
  const [root] = parseYaml(text).documents
  return explainProblems(of, root!).map(
    ({ code, line, path, message }) => `${line} ${code} ${formatPath(path)}: ${message}`,
  )
}

describe('explainProblems', () => {
  it.each([
    ['text: 5', '1 FLM1202 text: expected text, got 5. Put it in quotes: "5"'],
    ['text: [a]', '1 FLM1202 text: expected text, got a list of 1 entry'],
    ['text: { a: 1 }', '1 FLM1202 text: expected text, got a mapping of keys to values'],
    ['text:', '1 FLM1202 text: expected text, got nothing'],
    ['text: a', '1 FLM1202 text: expected at least 2 characters, got "a"'],
    ['text: abcde', '1 FLM1202 text: expected at most 4 characters, got "abcde"'],
    ['number: x', '1 FLM1202 number: expected a number, got "x"'],
    ['number: 0', '1 FLM1202 number: expected more than 0, got 0'],
    ['number: .inf', '1 FLM1202 number: expected a number'],
    ['count: 1.5', '1 FLM1202 count: expected a whole number, got 1.5'],
    ['count: 12', '1 FLM1202 count: expected at most 10, got 12'],
    ['count: 3', '1 FLM1202 count: expected a multiple of 2, got 3'],
    ['flag: yes', '1 FLM1202 flag: expected true or false, got "yes"'],
    [
      'choice: trunkate',
      '1 FLM1202 choice: expected one of split, truncate, drop, got "trunkate". Did you mean "truncate"?',
    ],
    ['fixed: other', '1 FLM1202 fixed: expected only, got "other"'],
    ['size: 1 MB', '1 FLM1202 size: expected a size such as 64Mi, 10Gi or 4096, got "1 MB"'],
    ['size: true', '1 FLM1202 size: expected a size such as 64Mi, 10Gi or 4096, got true'],
    ['size: 1k', '1 FLM1202 size: expected at least 1Ki, got "1k"'],
    ['wait: 5', '1 FLM1202 wait: expected a duration such as 500ms, 30s, 5m or 1h, got 5'],
    ['name: A b', '1 FLM1202 name: expected a name of at most 63 lower-case letters'],
    ['format: x', '1 FLM1202 format: expected text of the form'],
    ['list: x', '1 FLM1202 list: expected a list, got "x". Write a list: ["x"]'],
    ['list: []', '1 FLM1202 list: expected at least 1 entry, got a list of 0 entries'],
    ['list:\n- a\n- 5', '3 FLM1202 list[1]: expected text, got 5. Put it in quotes: "5"'],
    ['map:\n  xx: 1\n  y: 2', '3 FLM1202 map.y: this key is not allowed: expected at least 2'],
    ['map: { xx: y }', '1 FLM1202 map.xx: expected a number, got "y"'],
    ['group:', '1 FLM1202 group: expected a mapping of keys to values, got nothing. Write {} for'],
    ['text: ab\ngroup: {}', '2 FLM1201 group.must: required key is missing: expected text'],
    ['group: { must: x, mus: y }', '1 FLM1203 group.mus: unknown key. Did you mean "must"?'],
    ['group: { must: x, y: 1 }', '1 FLM1203 group.y: unknown key. Known keys: must.'],
    ['either: true', '1 FLM1202 either: expected text or a number, got true'],
    ['forms: { }', '1 FLM1201 forms.must: required key is missing: expected text'],
    ['own: y', '1 FLM1305 own: expected x, got "y"'],
  ])('%s', (text, expected) => {
    const findings = explain(text)
    expect(findings).toHaveLength(1)
    expect(findings[0]!.slice(0, expected.length)).toBe(expected)
  })

  it('says that a key is missing whatever its type', () => {
    const strict = z.strictObject({
      size: byteSize(),
      either: z.union([z.string(), z.int()]),
      choice: z.enum(['a', 'b']),
    })
    expect(explain('{}', strict)).toEqual([
      '1 FLM1201 size: required key is missing: expected a size such as 64Mi, 10Gi or 4096',
      '1 FLM1201 either: required key is missing: expected text or a number',
      '1 FLM1201 choice: required key is missing: expected one of a, b',
    ])
  })

  it('finds all mistakes at once', () => {
    expect(explain('text: 5\ncount: x\nother: 1\nmore: 2')).toHaveLength(4)
  })

  it('cuts long values', () => {
    expect(explain(`flag: ${'x'.repeat(1000)}`)[0]!.length).toBeLessThan(150)
  })

  it('finds nothing wrong with what is right', () => {
    expect(explain('size: 64Mi\nlist: [a]\nmap: { aa: 1 }')).toEqual([])
  })
})

describe('a misspelt key', () => {
  it('is one mistake, though the key it means is missing, by the schema or by its own check', () => {
    expect(explain('group: { mst: x }')).toEqual([
      '1 FLM1203 group.mst: unknown key. Did you mean "must"?',
    ])
    const checked = z
      .strictObject({ files: z.array(z.string()).prefault([]) })
      .refine(({ files }) => files.length > 0, { error: 'expected a file', path: ['files'] })
    expect(explain('file: [a]', checked)).toEqual([
      '1 FLM1203 file: unknown key. Did you mean "files"?',
    ])
    expect(explain('{}', checked)).toEqual(['1 FLM1202 files: expected a file'])
  })

  it('does not hide that another key is missing', () => {
    expect(explain('group: { xyz: 1 }')).toHaveLength(2)
  })
})
