import { expect, test } from 'vitest'
import { sinkContext } from '../../../test/avro/fixture.ts'
import { FixedPeers } from './peers.ts'
import type { Peer } from './peers.ts'

test('peers from the configuration are there at once, and stay', async () => {
  const told: (readonly Peer[])[] = []
  const peers = new FixedPeers([{ host: 'h', port: 1 }])
  await peers.start(sinkContext(), (now) => told.push(now))
  peers.trouble()
  expect(await peers.nobody()).toBeUndefined()
  expect(peers.status()).toEqual({})
  peers.stop()
  expect(told).toEqual([[{ host: 'h', port: 1 }]])
})
