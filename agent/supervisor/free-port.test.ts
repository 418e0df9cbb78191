import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '../lib/random.ts'
import { findFreePort, probePort } from './free-port.ts'

const sequence = (...numbers: number[]) => {
  let i = 0
  return { ...systemRandom, number: () => numbers[Math.min(i++, numbers.length - 1)]! }
}

describe('findFreePort', () => {
  it('takes one that is neither given away nor in use, below those of outgoing connections', async () => {
    const probed: number[] = []
    const probe = async (_: string, port: number): Promise<boolean> => {
      probed.push(port)
      return port !== 26_000
    }
    const random = sequence(0, 0.5, 0.99999)
    expect(await findFreePort('::1', new Set([20_000]), { probe, random })).toBe(31_999)
    expect(probed).toEqual([26_000, 31_999])
  })

  it('gives up', async () => {
    const probe = async (): Promise<boolean> => false
    expect(await findFreePort('::1', new Set(), { probe, random: systemRandom })).toBeUndefined()
  })
})

describe('probePort', () => {
  it('tells whether somebody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await probePort('127.0.0.1', port)).toBe(false)
    expect(await probePort('0.0.0.0', port)).toBe(false)
    server.close()
    await once(server, 'close')
    expect(await probePort('127.0.0.1', port)).toBe(true)
    expect(await probePort('no.such.host.invalid', port)).toBe(false)
  })
})
