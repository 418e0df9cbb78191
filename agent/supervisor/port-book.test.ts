import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PortBook } from './port-book.ts'

let directory: string
let path: string
/** Ports at which somebody else listens. */
let busy: Set<number>
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-ports-'))
  path = join(directory, 'up.json')
  busy = new Set()
})
afterEach(() => rmSync(directory, { recursive: true }))

/** Gives 20000, 20001, … */
function open(): PortBook {
  let next = 0
  return PortBook.read(path, {
    probe: async (_, port) => !busy.has(port),
    random: { bytes: (length) => Buffer.alloc(length), number: () => (next++ % 12_000) / 12_000 },
  })
}

it('gives ports that are the same at the next start', async () => {
  const first = open()
  expect(await first.portOf('hub-0', 'admin', '127.0.0.1')).toBe(20_000)
  expect(await first.portOf('hub-1', 'web/in', '0.0.0.0')).toBe(20_001)
  expect(await first.portOf('hub-0', 'admin', '127.0.0.1')).toBe(20_000)
  first.save()
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
    ports: { 'hub-0': { admin: 20_000 }, 'hub-1': { 'web/in': 20_001 } },
  })
  const second = open()
  expect(await second.portOf('hub-1', 'web/in', '0.0.0.0')).toBe(20_001)
  rmSync(path)
  second.save()
  expect(existsSync(path)).toBe(false)
})

it('gives another one where somebody else listens, or a manifest names the port', async () => {
  const first = open()
  await first.portOf('hub-0', 'admin', '127.0.0.1')
  first.save()
  busy.add(20_000)
  expect(await open().portOf('hub-0', 'admin', '127.0.0.1')).toBe(20_001)
  busy.clear()
  const named = open()
  named.reserve([20_000])
  expect(await named.portOf('hub-0', 'admin', '127.0.0.1')).toBe(20_001)
})

it('does not ask again whether a port is free: by then our own process listens there', async () => {
  const book = open()
  const port = await book.portOf('hub-0', 'admin', '127.0.0.1')
  busy.add(port)
  expect(await book.portOf('hub-0', 'admin', '127.0.0.1')).toBe(port)
})

it('forgets replicas that are gone when there are too many', async () => {
  const ports = Object.fromEntries(
    Array.from({ length: 1001 }, (_, i) => [`old-${i}`, { admin: 30_000 + (i % 900) }]),
  )
  writeFileSync(path, JSON.stringify({ ports }))
  const book = open()
  await book.portOf('old-0', 'admin', '127.0.0.1')
  await book.portOf('new-0', 'admin', '127.0.0.1')
  book.save()
  const text = JSON.parse(readFileSync(path, 'utf8')) as { ports: object }
  expect(Object.keys(text.ports)).toHaveLength(1000)
  expect(text.ports).toMatchObject({ 'old-0': {}, 'new-0': {} })
})

it('says what to do with a file that it cannot read', () => {
  for (const text of ['{', '{"ports":{"hub-0":{"admin":"x"}}}', '{"ports":{"a":{"b":99999}}}']) {
    writeFileSync(path, text)
    expect(open).toThrow(/cannot be read from .*up\.json.*Remove the file/s)
  }
})

it('says when there is no free port', async () => {
  for (let port = 20_000; port < 32_000; port++) busy.add(port)
  await expect(open().portOf('hub-0', 'admin', '127.0.0.1')).rejects.toMatchObject({
    code: 'FLM9103',
  })
})
