import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { agent, flow, read, receiver } from '../../test/config/manifests.ts'
import { addressesOf, layOut } from './layout.ts'
import { PortBook } from './port-book.ts'

let directory: string
let ports: PortBook
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-layout-'))
  let next = 0
  ports = PortBook.read(join(directory, 'up.json'), {
    probe: async () => true,
    random: { bytes: (length) => Buffer.alloc(length), number: () => next++ / 12_000 },
  })
})
afterEach(() => rmSync(directory, { recursive: true }))

const source = { flow: 'collect', name: 'in', host: '', port: 0, config: {} }

it('leaves the written port to the first replica and gives free ones to the others', async () => {
  const layout = await layOut(read(agent('hub', 3), receiver('collect', 'hub')), 'hub', ports)
  expect(layout.replicas).toMatchObject([
    {
      name: 'hub-0',
      ordinal: 0,
      admin: '127.0.0.1:20000',
      sources: [{ key: 'collect/in', host: '0.0.0.0', port: 4141, written: true }],
    },
    { name: 'hub-1', sources: [{ port: 20_002, written: false }] },
    { name: 'hub-2', admin: '127.0.0.1:20003', sources: [{ port: 20_004 }] },
  ])
  expect(addressesOf(layout, source)).toEqual([
    '127.0.0.1:4141',
    '127.0.0.1:20002',
    '127.0.0.1:20004',
  ])
})

it('gives the first replica a free port too where 0 is written', async () => {
  const layout = await layOut(read(receiver('collect', 'hub', 0)), 'hub', ports)
  expect(layout.replicas[0]!.sources).toMatchObject([{ port: 20_001, written: false }])
})

it('reaches a source at the address it listens at, if that is a certain one', async () => {
  const at = async (bind: string) => {
    const sources = `[{ name: in, avro: { bind: '${bind}', port: 4141 } }]`
    const layout = await layOut(read(flow('collect', { agent: 'hub', sources })), 'hub', ports)
    return addressesOf(layout, source)
  }
  expect(await at('10.0.0.7')).toEqual(['10.0.0.7:4141'])
  expect(await at('::')).toEqual(['[::1]:4141'])
  expect(await at('fd00::7')).toEqual(['[fd00::7]:4141'])
})

it('is empty without replicas', async () => {
  const layout = await layOut(read(agent('hub', 0), receiver('collect', 'hub')), 'hub', ports)
  expect(addressesOf(layout, source)).toEqual([])
})
