import { z } from 'zod'

const EXPECTED =
  'expected the name of a .js, .mjs, .ts or .mts file in the plugins directory, such as mask-cards.js'

export const customInterceptorSchema = z.strictObject({
  module: z
    .string()
    .max(256)
    .regex(/^(?:[\w@][\w.@-]*\/)*[\w@][\w.@-]*\.m?[jt]s$/, { error: EXPECTED })
    .describe('File of the module, as a path from the plugins directory.'),
  config: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({ title: 'mapping' })
    .describe('What the module is given, checked by the schema that it exports.'),
})

export type CustomInterceptorConfig = z.output<typeof customInterceptorSchema>

/** What a configuration has once its module was found: a module that changes changes the plan. */
export interface ResolvedCustomConfig extends CustomInterceptorConfig {
  /** The module's file, links followed. */
  readonly file: string
  /** Of its content. Hex. */
  readonly sha256: string
  /** What the module says: the same event always leads to the same result. */
  readonly deterministic: boolean
}
