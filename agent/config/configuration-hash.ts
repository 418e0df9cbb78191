import { createHash } from 'node:crypto'
import type { AgentPlan } from '../core/plan.ts'

/** Changes when anything in any flow changes. Hex. */
export function configurationHash(plan: AgentPlan): string {
  const hash = createHash('sha256').update(`${plan.name}\n`)
  for (const flow of plan.flows) hash.update(`${flow.name} ${flow.hash}\n`)
  return hash.digest('hex').slice(0, 16)
}
