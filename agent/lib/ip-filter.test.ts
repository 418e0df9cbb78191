import { describe, expect, test } from 'vitest'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { systemClock } from './clock.ts'
import type { IpRule } from './ip-filter.ts'
import { IpFilter, ipRuleProblem } from './ip-filter.ts'

/** A rule as Flume writes it: allow:ip:127.* */
function rule(text: string): IpRule {
  const [action, kind, ...pattern] = text.split(':')
  return { action: action as 'allow', [kind!]: pattern.join(':') }
}

const rules = (text: string): IpRule[] => text.split(',').map(rule)

const names = (known: Record<string, string>) => async (address: string) => {
  const name = known[address]
  if (name === undefined) throw new Error('ENOTFOUND')
  return name
}

describe("Flume's cases, from the address of this machine", () => {
  const allowed = [
    'allow:name:localhost,deny:ip:*',
    'allow:ip:127.0.0.1,deny:ip:*',
    'allow:ip:*',
    'allow:ip:127*,deny:ip:*',
    'allow:ip:127.0.0.2,allow:ip:127*,deny:ip:*',
    'allow:name:localhost',
    'deny:ip:127.0.0.2,allow:ip:*,deny:ip:127.0.0.1',
  ]
  const refused = [
    'deny:ip:*',
    'deny:name:localhost',
    'deny:ip:127.0.0.1,allow:ip:*',
    'allow:ip:45.2.2.2,deny:ip:*',
    'deny:ip:127*,allow:ip:*',
  ]
  test.each(allowed)('%s: allowed', async (text) => {
    expect(await new IpFilter(rules(text), systemClock).allows('127.0.0.1')).toBe(true)
  })
  test.each(refused)('%s: refused', async (text) => {
    expect(await new IpFilter(rules(text), systemClock).allows('127.0.0.1')).toBe(false)
  })
})

async function allows(text: string, address: string, known: Record<string, string> = {}) {
  return new IpFilter(rules(text), systemClock, names(known)).allows(address)
}

test('a client no rule matches is allowed', async () => {
  expect(await allows('deny:ip:10.*', '11.0.0.1')).toBe(true)
})

test('an IPv4 client of a socket for both families has its IPv4 address', async () => {
  expect(await allows('deny:ip:10.0.0.?', '::ffff:10.0.0.7')).toBe(false)
  expect(await allows('deny:ip:10.0.0.?', '::ffff:10.0.0.17')).toBe(true)
})

test('networks of both families', async () => {
  expect(await allows('allow:ip:10.1.0.0/16,deny:ip:*', '10.1.200.3')).toBe(true)
  expect(await allows('allow:ip:10.1.0.0/16,deny:ip:*', '10.2.0.1')).toBe(false)
  expect(await allows('deny:ip:fd00::/8', 'fd12::1')).toBe(false)
  expect(await allows('deny:ip:fd00::/8', 'fe80::1%eth0')).toBe(true)
})

test('a dot is a dot', async () => {
  expect(await allows('deny:ip:1.1.1.1', '191.1.1')).toBe(true)
})

test('names with patterns; where there is none the address is matched, as in Java', async () => {
  const known = { '10.0.0.1': 'web-1.shop.example', '10.0.0.2': 'db.shop.example' }
  expect(await allows('allow:name:WEB-*.shop.example,deny:ip:*', '10.0.0.1', known)).toBe(true)
  expect(await allows('allow:name:web-*.shop.example,deny:ip:*', '10.0.0.2', known)).toBe(false)
  expect(await allows('allow:name:web-*,deny:ip:*', '10.0.0.3', known)).toBe(false)
  expect(await allows('deny:name:10.0.0.*', '10.0.0.3', known)).toBe(false)
})

test('stars anywhere, and no pattern that takes long', async () => {
  const like = async (name: string, pattern: string) =>
    !(await allows(`deny:name:${pattern}`, '10.0.0.1', { '10.0.0.1': name }))
  expect(await like('abcabd', '*abd')).toBe(true)
  expect(await like('abcabd', 'a*c*d')).toBe(true)
  expect(await like('abcabd', 'a*c*e')).toBe(false)
  expect(await like('abc', 'abc**')).toBe(true)
  expect(await like('abc', 'ab')).toBe(false)
  expect(await like('', '?')).toBe(false)
  expect(await like('a'.repeat(253), `${'*a'.repeat(100)}*b`)).toBe(false)
})

test('a name is looked up once for a while, and not at all where no rule asks', async () => {
  const clock = new ManualClock()
  let lookups = 0
  const resolve = async (): Promise<string> => `name-${++lookups}`
  const filter = new IpFilter(rules('allow:ip:10.*,deny:name:name-1'), clock, resolve)
  await filter.allows('10.0.0.1')
  expect(lookups).toBe(0)
  expect([await filter.allows('11.0.0.1'), await filter.allows('11.0.0.1')]).toEqual([false, false])
  expect(lookups).toBe(1)
  clock.advance(60_000)
  expect(await filter.allows('11.0.0.1')).toBe(true)
})

test('a lookup that never ends is none', async () => {
  const clock = new ManualClock()
  const filter = new IpFilter(rules('allow:name:web,deny:ip:*'), clock, () => new Promise(() => {}))
  const answer = filter.allows('10.0.0.1')
  await turns(2)
  clock.advance(5_000)
  expect(await answer).toBe(false)
})

test('rules that cannot be understood say why', () => {
  expect(ipRuleProblem({ action: 'allow' })).toContain('either ip or name')
  expect(ipRuleProblem({ action: 'allow', ip: '*', name: '*' })).toContain('either ip or name')
  for (const ip of ['10.0.0.0/33', '10.0.0/8', 'fd00::/129', '10.0.0.0/8/8', '10.0.0.0/'])
    expect(ipRuleProblem({ action: 'deny', ip }), ip).toContain('network')
  expect(ipRuleProblem({ action: 'deny', ip: 'fd00::/8' })).toBeUndefined()
})
