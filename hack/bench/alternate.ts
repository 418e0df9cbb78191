export interface Turn<Result> {
  readonly name: string
  readonly run: () => Promise<Result>
}

/** Runs each in turn, A B C A B C …, so that what else the machine does falls on all of them. */
export async function alternate<Result>(
  rounds: number,
  turns: readonly Turn<Result>[],
): Promise<Map<string, Result[]>> {
  const results = new Map(turns.map(({ name }): [string, Result[]] => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const { name, run } of turns) {
      console.log(`… ${name}, ${round} of ${rounds}`)
      results.get(name)!.push(await run())
    }
  }
  return results
}
