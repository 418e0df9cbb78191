import type { SourceFile } from './sources.ts'

/** Import cycles over all files, types and dynamic imports included; each as its chain of files. */
export function importCycles(files: readonly SourceFile[]): string[][] {
  const graph = new Map(files.map((file) => [file.path, file.imports]))
  const done = new Set<string>()
  const cycles: string[][] = []
  const chain: string[] = []

  const visit = (path: string): void => {
    const at = chain.indexOf(path)
    if (at >= 0) {
      cycles.push([...chain.slice(at), path])
      return
    }
    if (done.has(path)) return
    chain.push(path)
    for (const target of graph.get(path) ?? []) visit(target)
    chain.pop()
    done.add(path)
  }
  for (const path of graph.keys()) visit(path)
  return cycles
}
