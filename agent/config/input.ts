import { checkAcross } from './across.ts'
import { agentsOf, compile, inOrder } from './compile.ts'
import type { CompileOptions } from './compile.ts'
import { readManifests } from './manifests.ts'
import type { Manifest } from './manifests.ts'
import type { Problem } from './problem.ts'
import { readTexts } from './read.ts'

/** Manifests as they stand in files. */
export interface Input {
  readonly manifests: readonly Manifest[]
  /** Of files that cannot be read and of documents that cannot be understood. */
  readonly problems: readonly Problem[]
  /** What was skipped, one line each. */
  readonly notes: readonly string[]
  /** The texts in their order. */
  readonly names: readonly string[]
}

/** Reads files, directories and `-`. Never throws for what stands in them, or for what cannot be read. */
export async function readInput(paths: readonly string[]): Promise<Input> {
  const { texts, problems: unreadable } = await readTexts(paths)
  const read = texts.map(readManifests)
  return {
    manifests: read.flatMap((each) => each.manifests),
    problems: [...unreadable, ...read.flatMap((each) => each.problems)],
    notes: read.flatMap((each) => each.notes),
    names: texts.map((text) => text.name),
  }
}

/** All problems of all agents: in the order of the files, within one by line. Pure. */
export function checkInput(input: Input, resolve: CompileOptions['resolve']): readonly Problem[] {
  const { manifests } = input
  const problems = [
    ...unattributed(input),
    ...agentsOf(manifests).flatMap((agent) => compile(manifests, { agent, resolve }).problems),
  ]
  return inOrder(input.names, problems)
}

/** Problems that belong to no agent. Pure. */
export function unattributed({ manifests, problems }: Input): readonly Problem[] {
  const lost = manifests.filter((each) => each.agent === undefined)
  const across = checkAcross(manifests).filter(({ manifest }) => manifest.agent === undefined)
  return [
    ...problems,
    ...lost.flatMap((each) => each.problems),
    ...across.map(({ problem }) => problem),
  ]
}
