import { describe, expect, it } from 'vitest'
import { RULE_CASES } from '../../test/apiserver/rule-cases.ts'
import { FLOW_ADDITIONS, NAME_RULE, OWN_HOP_RULE } from './crd-flow-rules.ts'
import type { ValidationRule } from './structural.ts'
import { AGENT_ADDITIONS } from './crd-agent-rules.ts'

const rules: readonly (readonly [string, ValidationRule])[] = [
  ...[FLOW_ADDITIONS, AGENT_ADDITIONS].flatMap((additions) =>
    Object.entries(additions).flatMap(([place, each]) =>
      (each.rules ?? []).map((rule) => [place === '' ? 'spec' : `spec.${place}`, rule] as const),
    ),
  ),
  ['<nil>', NAME_RULE],
  ['', OWN_HOP_RULE],
]

describe('the rules', () => {
  // Those that compare with what was there before are tried on their own.
  const tried = rules.filter(([, { rule }]) => !rule.includes('oldSelf'))

  it.each(tried.map(([place, rule]) => [place, rule.message, rule] as const))(
    '%s: %s: has an object that breaks it',
    (place, _, rule) => {
      const said = RULE_CASES.flatMap((each) => each.problems).map((problem) =>
        problem.replaceAll(/\[\d+\]/g, '[]'),
      )
      const at = `${place}${rule.fieldPath ?? ''}`.replace(/^\./, '')
      expect(said.some((problem) => isOf(problem, at, rule))).toBe(true)
    },
  )

  it('that compare with what was there before are about pools, channels and volumes', () => {
    const places = rules.filter(([, { rule }]) => rule.includes('oldSelf')).map(([place]) => place)
    expect(places).toEqual(['spec', 'spec.channels[]', 'spec.storage', 'spec.storage'])
  })

  it('name the culprit by texts that fit the message', () => {
    for (const [place, { messageExpression }] of rules)
      if (messageExpression !== undefined)
        expect(messageExpression, place).toMatch(/^'[^']+' \+ (?:self|.* \+ '[^']+')$/)
  })
})

function isOf(problem: string, at: string, rule: ValidationRule): boolean {
  if (rule.messageExpression === undefined) return problem === `${at}: ${rule.message}`
  const text = rule.messageExpression.split("'").at(-2)!
  return problem.startsWith(`${at}: `) && problem.includes(text)
}
