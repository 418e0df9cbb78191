import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { headProblem } from './head.ts'

interface Head {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly fields?: number
}

function statusOf({ method = 'POST', url = '/', headers = {}, fields = 1 }: Head, path?: string) {
  const rawHeaders = Array.from({ length: 2 * fields }, () => 'x')
  const request = { method, url, headers, rawHeaders } as unknown as IncomingMessage
  return headProblem(request, { maxBodySize: 100, ...(path === undefined ? {} : { path }) })?.status
}

describe('headProblem', () => {
  it.each<[number | undefined, Head]>([
    [undefined, {}],
    [undefined, { method: 'GET' }],
    [undefined, { url: '/any/path?query' }],
    [undefined, { headers: { 'content-length': '100' } }],
    [undefined, { headers: { 'content-encoding': 'Identity' } }],
    [403, { method: 'TRACE' }],
    [403, { method: 'OPTIONS' }],
    [405, { method: 'PUT' }],
    [405, { method: 'HEAD' }],
    [413, { headers: { 'content-length': '101' } }],
    [415, { headers: { 'content-type': 'text/plain; charset=latin1' } }],
    [415, { headers: { 'content-encoding': 'gzip' } }],
    [431, { fields: 101 }],
  ])('answers %s to %j', (status, head) => {
    expect(statusOf(head)).toBe(status)
  })

  it('looks at the path alone', () => {
    for (const url of ['/events', '/events?a=/', '/events#b', 'http://host:80/events?c'])
      expect(statusOf({ url }, '/events')).toBeUndefined()
    for (const url of ['/', '/events/', '/Events', '*', 'http://host'])
      expect(statusOf({ url }, '/events')).toBe(404)
    expect(statusOf({ url: 'http://host' }, '/')).toBeUndefined()
  })
})
