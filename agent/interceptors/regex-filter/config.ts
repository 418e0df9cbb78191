import { z } from 'zod'
import { linearRegexpProblem } from '../../lib/linear-regexp.ts'

export const regexFilterInterceptorSchema = z.strictObject({
  regex: z
    .string()
    .max(4096)
    .default('.*')
    .superRefine((pattern, context) => {
      const problem = linearRegexpProblem(pattern)
      if (problem === undefined) return
      context.addIssue({ code: 'custom', message: problem, params: { code: 'FLM1305' } })
    })
    .describe(
      'Regular expression that is searched for anywhere in the body, which is read as UTF-8. JavaScript syntax without what needs backtracking: no backreference, no lookahead.',
    ),
  exclude: z
    .boolean()
    .default(false)
    .describe('Whether to drop the events that match; if false, those that do not match.'),
})

export type RegexFilterInterceptorConfig = z.output<typeof regexFilterInterceptorSchema>
