import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../../test/sim/flow-parts.ts'
import { testContext } from '../../../test/sim/test-context.ts'
import { componentContext } from '../../pipeline/flow-context.ts'
import { createInterceptor } from './interceptor.ts'
import { resolveCustom } from './resolve.ts'

let directory: string

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'plugin-')))
})

afterEach(() => rm(directory, { recursive: true }))

const TEXT = `
export const schema = { '~standard': { validate: (value) => ({ value }) } }
export function create({ suffix }, { source, log }) {
  log.info({ suffix }, 'made')
  return ({ headers, body }) => ({ headers: { source }, body: Buffer.from(body + suffix) })
}
`

async function resolved(suffix: string) {
  const config = { module: 'p.js', config: { suffix } }
  const at = { pluginsDirectory: directory, flow: 'f', source: 'in' }
  const result = await resolveCustom(config, at)
  return 'config' in result ? result.config : expect.unreachable(result.problems[0]!.message)
}

test('runs the function that the module made, with the log of its component', async () => {
  await writeFile(join(directory, 'p.js'), TEXT)
  const { context, log } = testContext()
  const own = componentContext(context, 'interceptor', 'in/custom')
  const intercept = await createInterceptor(await resolved('!'), own)
  const result = intercept(streamBatch('s', 0, ['a', 'b']))
  if ('deadLetters' in result) throw new Error('nothing is to be given up on')
  expect(bodiesOf(result)).toEqual(['a!', 'b!'])
  expect(result.headers.common).toEqual(new Map([['source', 'in']]))
  expect(log.lines).toEqual([
    { level: 'info', fields: { interceptor: 'in/custom', suffix: '!' }, message: 'made' },
  ])
})

test('a changed file is another plugin; the one that was found first can still be made', async () => {
  await writeFile(join(directory, 'p.js'), TEXT)
  const first = await resolved('!')
  await writeFile(join(directory, 'p.js'), TEXT.replace('body + suffix', 'suffix + body'))
  const second = await resolved('!')
  expect(second.sha256).not.toBe(first.sha256)
  const own = componentContext(testContext().context, 'interceptor', 'in/custom')
  const bodies = await Promise.all(
    [first, second].map(async (config) => {
      const intercept = await createInterceptor(config, own)
      const result = intercept(streamBatch('s', 0, ['a']))
      return 'deadLetters' in result ? [] : bodiesOf(result)
    }),
  )
  expect(bodies).toEqual([['a!'], ['!a']])
})

test('a configuration without the file of its module is a mistake of ours', async () => {
  const own = componentContext(testContext().context, 'interceptor', 'in/custom')
  const config = { module: 'p.js', config: {} }
  await expect(createInterceptor(config, own)).rejects.toMatchObject({ code: 'FLM9001' })
})
