import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { boundedRecord, byteSize } from '../../agent/core/schema.ts'
import { KEYS, isRefined, jsonSchemaOf } from './zod-schema.ts'
import type { JsonSchema } from './zod-schema.ts'

const property = (schema: z.ZodType): JsonSchema =>
  jsonSchemaOf(z.strictObject({ a: schema })).properties!['a'] as JsonSchema

describe('the JSON Schema of what users write', () => {
  it('marks checks by functions, wherever they are', () => {
    for (const schema of [
      z.string().refine(() => true),
      z.string().superRefine(() => {}),
      z
        .string()
        .refine(() => true)
        .optional(),
      z
        .string()
        .refine(() => true)
        .default('x')
        .describe('A.'),
      z.strictObject({}).refine(() => true),
      byteSize().refine(() => true),
    ])
      expect(isRefined(property(schema))).toBe(true)
  })

  it('does not count those that a keyword stands for', () => {
    for (const schema of [
      z.string().min(1),
      byteSize({ min: 1 }).prefault('5').describe('A.'),
      boundedRecord(z.string(), z.string(), 5).optional(),
    ])
      expect(isRefined(property(schema))).toBe(false)
  })

  it('has what maps demand of their keys', () => {
    expect(property(z.record(z.string().min(1).max(5), z.string()))[KEYS]).toEqual({
      minLength: 1,
      maxLength: 5,
    })
    expect(property(z.record(z.string(), z.string()))).not.toHaveProperty(KEYS)
  })

  it('refuses what would be lost, with the place', () => {
    const lists = z.array(z.strictObject({ b: z.string().regex(/x/i) }))
    expect(() => property(lists)).toThrow('a[].b: the flags of /x/i would be lost')
    const converted = z
      .string()
      .transform((text) => text.length)
      .default(5)
    expect(() => property(converted)).toThrow('a: the default would be lost')
  })
})
