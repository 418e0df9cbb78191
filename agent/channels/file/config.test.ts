import { expect, test } from 'vitest'
import { fileChannelSchema } from './config.ts'

test('sizes are written with units and have defaults', () => {
  expect(fileChannelSchema.parse({})).toStrictEqual({ capacity: 2 ** 30 })
  expect(fileChannelSchema.parse({ capacity: '10Gi', capacityEvents: 5 })).toStrictEqual({
    capacity: 10 * 2 ** 30,
    capacityEvents: 5,
  })
})

test('a segment above a quarter of the capacity is refused with the cure', () => {
  const result = fileChannelSchema.safeParse({ capacity: '64Mi', segmentSize: '32Mi' })
  expect(result.error?.issues).toMatchObject([{ path: ['segmentSize'] }])
  expect(result.error?.issues[0]?.message).toContain('lower segmentSize or raise capacity')
})
