import { expect, test } from 'vitest'
import { COMPONENT_ADDITIONS } from './crd-component-rules.ts'

test('each place has a rule, a key or a reason why not', () => {
  for (const [place, { rules, key, agentOnly }] of Object.entries(COMPONENT_ADDITIONS))
    expect(rules?.length ?? key ?? agentOnly, place).toBeTruthy()
})

test('only what CEL cannot say is left to the agent', () => {
  const left = Object.entries(COMPONENT_ADDITIONS).filter(
    ([, each]) => each.agentOnly !== undefined,
  )
  expect(left.map(([place]) => place)).toEqual(['sources[].interceptors[].regexFilter.regex'])
})
