import { loadAgents, loadConfiguration } from '../config/load.ts'
import { formatCount, formatProblem } from '../config/problem.ts'
import type { AgentPlan } from '../core/plan.ts'

/** Where a command writes. */
export interface Output {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

export interface ValidateOptions {
  /** As after -f: files, directories, `-`. */
  readonly files: readonly string[]
  /** Checks too that this agent is defined. */
  readonly agent?: string
  readonly output?: 'text' | 'json'
}

/**
 * `flume validate`: runs the code that `run` runs, over all agents of the input. Resolves to the
 * exit code: 0, or 2 where there are problems.
 */
export async function validate(options: ValidateOptions, out: Output): Promise<number> {
  const { files, agent } = options
  const loaded = agent === undefined ? await loadAgents(files) : await loadOne(files, agent)
  const { agents, problems, notes } = loaded
  if (options.output === 'json') {
    const valid = problems.length === 0
    out.stdout(
      `${JSON.stringify({ valid, problems, notes, agents: agents.map(summary) }, null, 2)}\n`,
    )
    return valid ? 0 : 2
  }
  for (const note of notes) out.stderr(`${note}\n`)
  for (const problem of problems) out.stderr(`${formatProblem(problem)}\n`)
  if (problems.length > 0) {
    out.stderr(`${formatCount(problems)}\n`)
    return 2
  }
  for (const each of agents) {
    const { name, flows } = summary(each)
    out.stdout(`agent ${name}: ${flows.length === 0 ? 'no flows' : `flows ${flows.join(', ')}`}\n`)
  }
  out.stdout('valid\n')
  return 0
}

async function loadOne(files: readonly string[], agent: string) {
  const { plan, ...loaded } = await loadConfiguration(files, { agent })
  return { ...loaded, agents: plan === undefined ? [] : [plan] }
}

function summary(agent: AgentPlan) {
  return { name: agent.name, flows: agent.flows.map((flow) => flow.name) }
}
