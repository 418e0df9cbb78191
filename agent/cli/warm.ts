import { catalog } from '../catalog.ts'

/**
 * Loads all that a running agent may load, so that Node's compile cache has it. The launcher runs this
 * once, before the first start: an agent that finds a single file missing in the cache has to load Node's
 * type stripper, and keeps its 15 MB for as long as it lives.
 */
export async function warm(): Promise<number> {
  const entries = Object.values(catalog).flatMap((kind) => Object.values(kind))
  const modules = await Promise.all([
    import('./run-command.ts'),
    import('./validate.ts'),
    import('./components.ts'),
    import('./channel-command.ts'),
    import('./status-command.ts'),
    import('./version.ts'),
    import('../lib/clock.ts'),
    import('../lib/disk.ts'),
    ...entries.map((entry: { readonly load: () => Promise<unknown> }) => entry.load()),
  ])
  return modules.length
}
