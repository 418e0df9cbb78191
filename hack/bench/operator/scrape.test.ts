import { expect, test } from 'vitest'
import { Scrape } from './scrape.ts'

const text = (status: number, lease: number) => `# HELP x y
flume_operator_api_requests_total{verb="apply",kind="FlumeFlow/status"} ${status}
flume_operator_api_requests_total{verb="patch",kind="Lease"} ${lease}
flume_operator_api_requests_total{verb="list",kind="Pod"} 2
flume_operator_api_requests_total{verb="dry-run",kind="StatefulSet"} 2
process_resident_memory_bytes 1.5e+8
`

test('requests by verb and kind, since an earlier reading', () => {
  const before = new Scrape(text(3, 5))
  const after = new Scrape(text(4, 9))
  expect([...before.requests().keys()]).toEqual([
    'apply FlumeFlow/status',
    'patch Lease',
    'list Pod',
    'dry-run StatefulSet',
  ])
  expect(Object.fromEntries(after.requests(before))).toEqual({
    'apply FlumeFlow/status': 1,
    'patch Lease': 4,
  })
})

test('writes are what changes something, the lease left out', () => {
  expect(Object.fromEntries(new Scrape(text(3, 5)).writes())).toEqual({
    'apply FlumeFlow/status': 3,
  })
  expect(new Scrape(text(3, 7)).writes(new Scrape(text(3, 5))).size).toBe(0)
})

test('a value by its name and some of its labels', () => {
  expect(new Scrape(text(1, 1)).sum('process_resident_memory_bytes')).toBe(150_000_000)
  expect(new Scrape(text(3, 5)).sum('flume_operator_api_requests_total', { verb: 'patch' })).toBe(5)
  expect(new Scrape('').sum('x')).toBe(0)
})
