import { describe, expect, test } from 'vitest'
import { fileSinkSchema } from './config.ts'

describe('configuration of the file sink', () => {
  test('a directory is enough', () => {
    expect(fileSinkSchema.parse({ directory: '/data/out' })).toEqual({
      directory: '/data/out',
      format: 'text',
      filePrefix: '',
      fileSuffix: '.log',
      rollInterval: 300_000,
      rollSize: 128 * 1024 * 1024,
    })
  })

  test('zero switches rolling off', () => {
    const config = fileSinkSchema.parse({ directory: 'out', rollInterval: '0s', rollSize: 0 })
    expect(config.rollInterval).toBe(0)
    expect(config.rollSize).toBe(0)
  })

  test.each([
    ['a prefix that leaves the directory', { filePrefix: '../x' }],
    ['a suffix with a slash', { fileSuffix: '/x' }],
    ['a prefix with a NUL', { filePrefix: 'a\0' }],
    ['a directory with a NUL', { directory: 'a\0b' }],
    ['an empty directory', { directory: '' }],
    ['an interval a timer cannot hold', { rollInterval: '30d' }],
    ['an unknown format', { format: 'avro' }],
    ['an unknown key', { rollCount: 5 }],
  ])('%s is refused', (_name, fields) => {
    expect(fileSinkSchema.safeParse({ directory: '/d', ...fields }).success).toBe(false)
  })
})
