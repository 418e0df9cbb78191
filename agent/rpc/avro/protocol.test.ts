import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { GOLDEN } from '../../../test/avro/golden.ts'
import { service } from '../../../test/avro/peer.ts'
import { PROTOCOL_HASH, PROTOCOL_TEXT } from './protocol.ts'

test('the text is that of Java to the byte, and so is the hash', () => {
  const file = new URL('../../../test/avro/protocol.avpr', import.meta.url)
  expect(PROTOCOL_TEXT).toBe(readFileSync(file, 'utf8').trimEnd())
  expect(PROTOCOL_TEXT.length).toBe(1334)
  expect(PROTOCOL_HASH.toString('hex')).toBe(GOLDEN.hash)
  expect(service.hash.toString('hex')).toBe(GOLDEN.hash)
})
