import { expect, test } from 'vitest'
import { AGENT_CONDITIONS, AGENT_REASONS, FLOW_CONDITIONS, FLOW_REASONS } from './conditions.ts'

test('types and reasons are words that Kubernetes takes, each with a meaning', () => {
  for (const list of [AGENT_CONDITIONS, FLOW_CONDITIONS, AGENT_REASONS, FLOW_REASONS])
    for (const [word, meaning] of Object.entries(list)) {
      expect(word).toMatch(/^[A-Z][A-Za-z]{0,62}$/)
      expect(meaning.length, word).toBeGreaterThan(10)
    }
})
