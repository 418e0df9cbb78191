import { beforeEach, expect, it } from 'vitest'
import { JsonDisplay, LineDisplay, TerminalDisplay } from './display.ts'
import type { ReplicaRow } from './rows.ts'

let written: string[]
const out = {
  stdout: (text: string) => void (text !== '' && written.push(text)),
  stderr: (text: string) => void written.push(`err ${text}`),
}
beforeEach(() => {
  written = []
})

const ROW: ReplicaRow = {
  replica: 'hub-0',
  state: 'starting',
  pid: 12,
  restarts: 0,
  retryInMs: undefined,
  admin: '127.0.0.1:20000',
  problems: [],
}

it('draws the table in place on a terminal, with messages above it', () => {
  const output = new TerminalDisplay(out, () => ({ width: 80, height: 24 }))
  output.message('hello')
  expect(written).toEqual(['err hello\n'])
  output.show([ROW])
  const [, table] = written
  expect(table).toMatch(/^replica .*\nhub-0 .*\n$/)
  output.show([ROW, ROW])
  expect(written.slice(2)).toEqual(['\u001B[2A\r\u001B[J', expect.stringMatching(/hub-0.*\nhub-0/)])
  written = []
  output.message('more')
  expect(written).toEqual(['\u001B[3A\r\u001B[J', 'err more\n', expect.stringMatching(/^replica/)])
})

it('writes lines for a log, not too many', () => {
  const output = new LineDisplay(out)
  output.message('hello')
  for (let i = 0; i < 20; i++) output.show([ROW])
  expect(written).toEqual([
    'err hello\n',
    'hub-0: starting pid 12, restarts 0\n',
    'hub-0: starting pid 12, restarts 0\n',
  ])
})

it('writes a line of JSON each time', () => {
  const output = new JsonDisplay(out, () => 0)
  output.show([ROW])
  output.message('hello')
  expect(JSON.parse(written[0]!)).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    replicas: [JSON.parse(JSON.stringify(ROW))],
  })
  expect(written[1]).toBe('err hello\n')
})
