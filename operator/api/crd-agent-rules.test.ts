import { expect, test } from 'vitest'
import { STORAGE_MIN } from '../../agent/config/agent-schema.ts'
import { AGENT_ADDITIONS } from './crd-agent-rules.ts'

test('a volume is as large as the agent wants it', () => {
  const [rule] = AGENT_ADDITIONS['storage.size']!.rules!
  expect(rule!.rule).toContain(`quantity('${STORAGE_MIN}')`)
  expect(rule!.message).toContain(STORAGE_MIN)
})
