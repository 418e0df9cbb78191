import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { byteSize, duration } from '../core/schema.ts'
import { defaultText, describeComponents, describeFields } from './describe.ts'
import { readManifests } from './manifests.ts'

describe('describeComponents', () => {
  it.each(describeComponents().map((each) => [`${each.kind} ${each.type}`, each] as const))(
    '%s: every field has a sentence, and the example is valid and uses it',
    (_, { type, fields, summary, example }) => {
      for (const field of fields) expect(field.description, field.name).toMatch(/^[A-Z].*\.$/s)
      expect(summary).toMatch(/^[A-Z].*\.$/)
      expect(readManifests({ name: type, text: example })).toMatchObject({
        problems: [],
        notes: [],
      })
      expect(example).toMatch(new RegExp(`\\b'?${type}'?:`))
    },
  )
})

describe('describeFields', () => {
  it('names nested fields, types, defaults and bounds', () => {
    const schema = z.strictObject({
      text: z.string().describe('A.'),
      count: z.int().min(1).max(9).default(3).describe('B.'),
      list: z
        .array(z.strictObject({ on: z.boolean().default(false).describe('C.') }))
        .default([])
        .describe('D.'),
      group: z.strictObject({ mode: z.enum(['a', 'b']).optional().describe('E.') }).describe('F.'),
      size: byteSize({ min: 16, max: 1024 }).prefault('1Ki').describe('S.'),
      wait: duration({ max: 60_000 }).optional().describe('W.'),
      names: z.record(z.string(), z.string()).optional().describe('G.'),
      hidden: z.string().describe('H.'),
    })
    const fields = describeFields(
      z.toJSONSchema(schema, { io: 'input' }),
      (name) => name === 'hidden',
    )
    expect(
      fields.map((field) => [
        field.name,
        field.type,
        field.required ? 'required' : defaultText(field),
        field.description,
      ]),
    ).toEqual([
      ['text', 'text', 'required', 'A.'],
      ['count', 'whole number, at least 1, at most 9', '3', 'B.'],
      ['list', 'list of mappings', '[]', 'D.'],
      ['list[].on', 'true or false', 'false', 'C.'],
      ['group', 'mapping', 'required', 'F.'],
      ['group.mode', 'a or b', undefined, 'E.'],
      ['size', 'size, at least 16, at most 1Ki', '1Ki', 'S.'],
      ['wait', 'duration, at most 1m', undefined, 'W.'],
      ['names', 'texts by name', undefined, 'G.'],
    ])
  })
})
