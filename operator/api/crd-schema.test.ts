import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { byteSize, duration } from '../../agent/core/schema.ts'
import { structuralSchema } from './crd-schema.ts'
import type { Additions } from './crd-schema.ts'

function convert(shape: z.core.$ZodLooseShape, additions: Additions = {}, defaults = false) {
  return structuralSchema(z.strictObject(shape), {
    additions,
    defaults,
  })
}

const field = (schema: z.ZodType, additions: Additions = {}) =>
  convert({ a: schema }, additions).properties!['a']

describe('the structural schema', () => {
  it('has types, bounds and what is required', () => {
    expect(
      convert({
        text: z
          .string()
          .min(1)
          .max(9)
          .regex(/^a\/b$/),
        choice: z.enum(['a', 'b']).optional(),
        whole: z.int().min(1).optional(),
        ratio: z.number().positive().max(2).optional(),
        flag: z.boolean().default(true),
        list: z.array(z.string().max(3)).min(1).max(4),
      }),
    ).toEqual({
      type: 'object',
      properties: {
        text: { type: 'string', minLength: 1, maxLength: 9, pattern: '^a/b$' },
        choice: { type: 'string', enum: ['a', 'b'] },
        whole: { type: 'integer', minimum: 1 },
        ratio: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 2 },
        flag: { type: 'boolean' },
        list: {
          type: 'array',
          minItems: 1,
          maxItems: 4,
          'x-kubernetes-list-type': 'atomic',
          items: { type: 'string', maxLength: 3 },
        },
      },
      required: ['text', 'list'],
    })
  })

  it('says default and bounds in the description, and has the default only where it is asked for', () => {
    const schema = { a: z.int().min(1).max(5).default(3).describe('How many. Or more.') }
    const description = 'How many. (default 3, 1–5)'
    expect(convert(schema).properties!['a']).toEqual({
      description,
      type: 'integer',
      minimum: 1,
      maximum: 5,
    })
    expect(convert(schema, {}, true).properties!['a']).toMatchObject({ description, default: 3 })
  })

  it('takes sizes as numbers or texts, with their bounds as a rule', () => {
    expect(field(byteSize({ min: 1024 }))).toEqual({
      'x-kubernetes-int-or-string': true,
      maxLength: 32,
      'x-kubernetes-validations': [
        {
          rule: expect.stringContaining('type(self) == int'),
          message: 'expected a size such as 64Mi, 10Gi or 4096',
        },
        {
          rule: expect.stringContaining('>= 1024.0'),
          message: 'expected at least 1Ki',
        },
      ],
    })
    expect(field(duration())).toEqual({
      type: 'string',
      maxLength: 32,
      'x-kubernetes-validations': [
        {
          rule: expect.stringContaining('self.matches'),
          message: 'expected a duration such as 500ms, 30s, 5m or 1h',
          messageExpression: expect.stringContaining(', got '),
        },
      ],
    })
  })

  it('checks the keys of maps', () => {
    const map = z
      .record(z.string().min(2).regex(/^k/), z.string().max(1))
      .meta({ maxProperties: 3 })
    expect(field(map)).toEqual({
      type: 'object',
      maxProperties: 3,
      additionalProperties: { type: 'string', maxLength: 1 },
      'x-kubernetes-validations': [
        {
          rule: "self.all(k, size(k) >= 2 && k.matches('^k'))",
          message: 'expected keys of at least 2 characters of the form ^k',
        },
      ],
    })
  })

  it('keeps unknown fields where anything may be', () => {
    const kept = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    expect(field(z.record(z.string(), z.unknown()))).toEqual(kept)
    expect(field(z.looseObject({ b: z.boolean() }))).toEqual({
      ...kept,
      properties: { b: { type: 'boolean' } },
      required: ['b'],
    })
  })

  it('tells the entries of lists apart by their names, or as it is told', () => {
    const named = z.array(z.strictObject({ name: z.string().max(3) })).max(2)
    expect(field(named)).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    })
    expect(field(named, { a: { key: 'id' } })).toMatchObject({
      'x-kubernetes-list-map-keys': ['id'],
    })
    expect(field(z.array(z.string().max(3)).max(2), { a: { set: true } })).toMatchObject({
      'x-kubernetes-list-type': 'set',
    })
  })

  it('has one rule for the types of a component, with its name', () => {
    const types = z
      .strictObject({
        name: z.string().max(3),
        a: z.boolean().optional(),
        null: z.boolean().optional(),
      })
      .meta({ oneOf: [{ required: ['a'] }, { required: ['null'] }] })
    const cure = 'set exactly one type (write "a: {}", not "a:", for one without settings)'
    expect(field(types)).toMatchObject({
      'x-kubernetes-validations': [
        {
          rule: '[has(self.a), has(self.__null__)].exists_one(x, x)',
          message: cure,
          messageExpression: `'"' + self.name + '": ${cure}'`,
        },
      ],
    })
  })
})

describe('the generation fails', () => {
  const text = z.string().max(5)

  it.each([
    ['a list without bound', z.array(text), 'a: a list needs a bound'],
    ['a text without bound', z.string(), 'a: a text needs a bound'],
    ['a map without bound', z.record(z.string(), text), 'a: a map needs a bound'],
    ['a union', z.union([text, z.boolean()]), 'a: a union can only be of'],
    [
      'a union of objects',
      z.discriminatedUnion('k', [z.strictObject({ k: z.literal('x') })]),
      'a: ',
    ],
    ['a tuple', z.tuple([text, z.boolean()]), 'a[]: a union can only be of'],
    ['anything', z.unknown(), 'a: the type undefined is not understood'],
    ['an object that takes other keys in silence', z.object({}), 'a: an object says whether'],
    ['several checks of a text', text.regex(/a/).regex(/b/), 'a: the keyword allOf'],
    ['a format', z.email(), 'a: the keyword format'],
    ['a multiple', z.int().multipleOf(2), 'a: the keyword multipleOf'],
    ['a flag of an expression', text.regex(/a/i), 'a: the flags of /a/i would be lost'],
    ['a lookahead', text.regex(/a(?=b)/), 'a: the API server does not understand the pattern'],
    ['a backreference', text.regex(/(a)\1/), 'a: the API server does not understand'],
    ['many repeats', text.regex(/a{0,1001}/), 'a: the API server does not understand'],
    ['a check by a function', text.refine(() => true), 'a: nothing stands for'],
    ['a size of another form', text.regex(/^[0-9]+$/).meta({ title: 'size' }), 'a: it is no size'],
    ['a second check of a size', byteSize().refine(() => true), 'a: nothing stands for'],
    ['a default behind a conversion', duration().default(5), 'a: the default would be lost'],
    ['a long description', text.describe('word '.repeat(40)), 'a: the first sentence is longer'],
  ])('at %s', (_, schema, message) => {
    expect(() => field(schema as z.ZodType)).toThrow(message)
  })

  it('at an addition to a place that is not there', () => {
    expect(() => field(text, { b: { rules: [] } })).toThrow(
      'there is no such place in the schema: b',
    )
  })

  it('not where a reason is given', () => {
    const schema = text.refine(() => true)
    expect(field(schema, { a: { agentOnly: 'CEL cannot' } })).toEqual({
      type: 'string',
      maxLength: 5,
    })
  })
})
