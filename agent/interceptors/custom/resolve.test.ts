import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveCustom } from './resolve.ts'

const pluginsDirectory = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  'examples',
  'plugins',
  'plugins',
)
const at = { pluginsDirectory, flow: 'f', source: 'in' }

test('the configuration gets the file, the hash of its content and what the module says of itself', async () => {
  const config = { module: 'mask-cards.js', config: { keep: 4 } }
  expect(await resolveCustom(config, at)).toEqual({
    config: {
      ...config,
      file: join(pluginsDirectory, 'mask-cards.js'),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      deterministic: true,
    },
  })
})

test('a module that is not there is a mistake at its name', async () => {
  expect(await resolveCustom({ module: 'none.js', config: {} }, at)).toEqual({
    problems: [
      {
        code: 'FLM1401',
        path: ['module'],
        message: expect.stringContaining('there is mask-cards.js'),
      },
    ],
  })
})

test('a configuration that the module refuses has a mistake at each place', async () => {
  const config = { keep: -1, feild: 'x' }
  expect(await resolveCustom({ module: 'mask-cards.js', config }, at)).toEqual({
    problems: [
      {
        code: 'FLM1402',
        path: ['config', 'keep'],
        message: 'the plugin mask-cards.js refuses this: expected a whole number from 0 to 6',
      },
      {
        code: 'FLM1402',
        path: ['config', 'feild'],
        message: 'the plugin mask-cards.js refuses this: unknown key',
      },
    ],
  })
})
