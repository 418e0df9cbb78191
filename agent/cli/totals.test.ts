import { expect, it } from 'vitest'
import { agentStatus } from '../../test/cli/status.ts'
import { totalsOf } from './totals.ts'

it('adds up all flows', () => {
  const status = agentStatus()
  const twice = { ...status, flows: [...status.flows, ...status.flows] }
  expect(totalsOf(twice)).toEqual({
    backlogEvents: 24_690,
    backlogBytes: 13_212_058,
    lostEvents: 0,
    inEvents: 40_000,
    outEvents: 15_310,
  })
})

it('is nothing where a channel could not be opened', () => {
  const { channels } = agentStatus().flows[0]!
  const closed = agentStatus({ channels: [{ ...channels[0]!, stats: undefined }] })
  expect(totalsOf(closed)).toMatchObject({ backlogEvents: 0, lostEvents: 0 })
})
