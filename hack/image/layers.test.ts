import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { USER_ID, productConfig } from './layers.ts'

const ROOT = join(import.meta.dirname, '..', '..')

test('the Dockerfile says what the image made here says', () => {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '')
  const value = (word: string): string => new RegExp(`^${word} (.*)$`, 'm').exec(text)?.[1] ?? ''
  const config = productConfig(ROOT)
  expect(value('ENV').split(/\s+/)).toEqual(config.Env)
  expect(value('USER')).toBe(config.User)
  expect(JSON.parse(value('ENTRYPOINT'))).toEqual(config.Entrypoint)
  expect(JSON.parse(value('CMD'))).toEqual(config.Cmd)
})

test('nobody runs as root in it', () => {
  expect(productConfig(ROOT).User).toBe(`${USER_ID}:${USER_ID}`)
})
