import { loadAgents, loadConfiguration } from '../config/load.ts'
import type { Bindings, LoadedAgent, LoadedAgents } from '../config/load.ts'
import { formatCount, formatProblem } from '../config/problem.ts'

/** Where a command writes. */
export interface Output {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

export interface ValidateOptions extends Bindings {
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
  const loaded = await load(options)
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
    const { name, replicas, flows } = summary(each)
    const often = replicas === 1 ? '' : `, ${replicas} replicas`
    out.stdout(
      `agent ${name}${often}: ${flows.length === 0 ? 'no flows' : `flows ${flows.join(', ')}`}\n`,
    )
  }
  out.stdout('valid\n')
  return 0
}

async function load(options: ValidateOptions): Promise<LoadedAgents> {
  const { files, agent } = options
  const loaded = await loadAgents(files, options)
  if (agent === undefined || loaded.problems.length > 0) return loaded
  const chosen = loaded.agents.filter(({ name }) => name === agent)
  // The message is the one that `run` gives.
  const { problems } = chosen.length > 0 ? loaded : await loadConfiguration(files, options)
  return { ...loaded, agents: chosen, problems }
}

function summary(agent: LoadedAgent) {
  return { name: agent.name, replicas: agent.replicas, flows: agent.flows.map((flow) => flow.name) }
}
