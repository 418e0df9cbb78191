import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Resolver } from 'node:dns/promises'
import { describe, expect, it } from 'vitest'
import { resolveBy, resolveName, searchNames } from './resolve-name.ts'

const POD = `search shop.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
`

describe('searchNames', () => {
  it('asks as a pod does: the domains of the cluster first', () => {
    expect(searchNames('hub-ready.shop.svc', POD)).toEqual([
      'hub-ready.shop.svc.shop.svc.cluster.local',
      'hub-ready.shop.svc.svc.cluster.local',
      'hub-ready.shop.svc.cluster.local',
      'hub-ready.shop.svc',
    ])
  })

  it('asks for a name with enough dots as it is first, and for one that ends with a dot alone', () => {
    expect(searchNames('a.b', 'search x.')).toEqual(['a.b', 'a.b.x'])
    expect(searchNames('a', 'domain x')).toEqual(['a.x', 'a'])
    expect(searchNames('a.b.', POD)).toEqual(['a.b.'])
    expect(searchNames('a', '')).toEqual(['a'])
  })

  it('takes the last line of a kind, and nothing from what it does not know', () => {
    expect(searchNames('a', '# search no\nsearch x\n  search  y z \noptions rotate')).toEqual([
      'a.y',
      'a.z',
      'a',
    ])
    expect(searchNames('a', 'options ndots:x ndots:0\nsearch y')).toEqual(['a', 'a.y'])
  })
})

const failing = (code: string): Error => Object.assign(new Error(code), { code })

describe('resolveBy', () => {
  const asked: string[] = []
  const by = (answers: Readonly<Record<string, readonly string[] | string>>) => {
    asked.length = 0
    return (name: string, family: 4 | 6): Promise<readonly string[]> => {
      asked.push(`${name}/${family}`)
      const answer = answers[`${name}/${family}`] ?? 'ENOTFOUND'
      return typeof answer === 'string' ? Promise.reject(failing(answer)) : Promise.resolve(answer)
    }
  }

  it('takes the addresses of the first name that has any, sorted', async () => {
    const ask = by({ 'b/4': ['10.0.0.2', '10.0.0.1', '10.0.0.2'] })
    expect(await resolveBy(['a', 'b', 'c'], ask)).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(asked).toEqual(['a/4', 'b/4'])
  })

  it('counts a machine with both families once, and finds one that has only the newer', async () => {
    const both = by({ 'a/4': ['10.0.0.1'], 'a/6': ['fd00::1'] })
    expect(await resolveBy(['a'], both)).toEqual(['10.0.0.1'])
    expect(await resolveBy(['a'], by({ 'a/4': 'ENODATA', 'a/6': ['fd00::1'] }))).toEqual([
      'fd00::1',
    ])
  })

  it('has none where that is the answer, and rejects where one could not be asked', async () => {
    expect(await resolveBy(['a', 'b'], by({ 'a/4': 'ENODATA', 'a/6': [] }))).toEqual([])
    const broken = by({ 'a/4': 'ESERVFAIL', 'a/6': 'ENODATA' })
    await expect(resolveBy(['a', 'b'], broken)).rejects.toThrow('ESERVFAIL')
    expect(await resolveBy(['a', 'b'], by({ 'a/4': 'ESERVFAIL', 'b/4': ['10.0.0.1'] }))).toEqual([
      '10.0.0.1',
    ])
  })

  it('does not ask for the other names whoever does not answer', async () => {
    await expect(resolveBy(['a', 'b'], by({ 'a/4': 'ETIMEOUT' }))).rejects.toThrow('ETIMEOUT')
    expect(asked).toEqual(['a/4'])
  })

  it('understands the answers of a name server', async () => {
    const server = createSocket('udp4')
    server.on('message', (query, { port, address }) => server.send(answerTo(query), port, address))
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const resolver = new Resolver({ timeout: 1000, tries: 2 })
      resolver.setServers([`127.0.0.1:${server.address().port}`])
      const ask = (name: string, family: 4 | 6) =>
        family === 4 ? resolver.resolve4(name) : resolver.resolve6(name)
      const names = searchNames('hub', 'search nowhere here')
      expect(await resolveBy(names, ask)).toEqual(['10.1.2.3'])
      expect(await resolveBy(['hub.nowhere'], ask)).toEqual([])
      expect(await resolveBy(['empty.here'], ask)).toEqual([])
      await expect(resolveBy(['broken.here'], ask)).rejects.toThrow('ESERVFAIL')
    } finally {
      server.close()
    }
  })
})

it('an address is its own answer', async () => {
  expect(await resolveName('127.0.0.1')).toEqual(['127.0.0.1'])
  expect(await resolveName('::1')).toEqual(['::1'])
})

const RCODE = { noError: 0, serverFailure: 2, noName: 3 }

/** `*.here` exists, `hub.here` at 10.1.2.3; `broken.here` cannot be said, and nothing else exists. */
function answerTo(query: Buffer): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const name = labels.join('.').toLowerCase()
  const isAddress = query.readUInt16BE(at + 1) === 1
  const question = query.subarray(12, at + 5)
  const found = name === 'hub.here' && isAddress
  const rcode =
    name === 'broken.here'
      ? RCODE.serverFailure
      : name.endsWith('.here')
        ? RCODE.noError
        : RCODE.noName
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8180 | rcode, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(found ? 1 : 0, 6)
  const answer = Buffer.from('c00c000100010000000500040a010203', 'hex')
  return Buffer.concat([head, question, ...(found ? [answer] : [])])
}
