import { expect, test } from 'vitest'
import { flowPlan } from '../../test/sim/flow-parts.ts'
import type { FlowShape } from '../../test/sim/flow-parts.ts'
import { testContext } from '../../test/sim/test-context.ts'
import { diffFlow } from './flow-diff.ts'
import { prepareFlow } from './prepare.ts'

const none = { sources: [], channels: [], groups: [] }

function prepare(shape: FlowShape) {
  return prepareFlow(diffFlow(none, flowPlan(shape)), testContext().context)
}

test('all parts of a flow are made, none is started', async () => {
  const { sources, groups } = await prepare({
    sources: [{ interceptors: [{ type: 'static', config: { key: 'k', value: 'v' } }] }],
  })
  expect(sources[0]).toMatchObject({ requiredChannels: ['c'], source: { started: 0 } })
  expect(sources[0]!.interceptors).toHaveLength(1)
  expect(groups[0]!.sinks[0]).toMatchObject({ sink: { started: 0 } })
})

test('a part that cannot be made is named', async () => {
  const broken = { name: 'in', broken: true }
  await expect(prepare({ sources: [{ config: broken }] })).rejects.toMatchObject({
    code: 'FLM5201',
    message: expect.stringContaining('flow f: source in of type test'),
  })
  await expect(prepare({ channels: [{ name: 'c', type: 'none' }] })).rejects.toMatchObject({
    code: 'FLM5201',
  })
  await expect(prepare({ sinks: [{ type: 'none' }] })).rejects.toMatchObject({
    message: expect.stringContaining('sink out of type none'),
  })
})
