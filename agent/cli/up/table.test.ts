import { describe, expect, it } from 'vitest'
import type { ReplicaRow } from './rows.ts'
import { formatRow, formatTable } from './table.ts'

const HUB: ReplicaRow = {
  replica: 'hub-0',
  state: 'running',
  pid: 4711,
  restarts: 0,
  retryInMs: undefined,
  admin: '127.0.0.1:20000',
  backlogEvents: 12_345,
  backlogBytes: 6_606_029,
  oldestEventAgeMs: 2345,
  lostEvents: 0,
  inPerSecond: 5012,
  outPerSecond: 0,
  liveSinks: ['web/next', 'logs/out'],
  problems: [],
}

const WAITING: ReplicaRow = {
  replica: 'edge-0',
  state: 'waiting',
  pid: undefined,
  restarts: 12,
  retryInMs: 4000,
  admin: '127.0.0.1:20001',
  problems: [],
}

const IDLE = { ...HUB, replica: 'hub-1', backlogEvents: 0, liveSinks: [] }
const SIZE = { width: 120, height: 30 }

describe('formatTable', () => {
  it('has a line for each replica, with its columns below each other', () => {
    expect(formatTable([WAITING, HUB, IDLE], SIZE)).toEqual([
      'replica  state         pid  restarts  backlog  oldest       in  out  live sink',
      'edge-0   waiting 4 s     -        12        -       -        -    -  -',
      'hub-0    running      4711         0   12,345   2.3 s  5,012/s  0/s  web/next logs/out',
      'hub-1    running      4711         0        0    none  5,012/s  0/s  none',
    ])
  })

  it('has what is wrong below', () => {
    const row = { ...HUB, problems: ['flow web, sink out: FLM4201 no', 'two'] }
    expect(formatTable([row], SIZE).slice(2)).toEqual([
      'hub-0: flow web, sink out: FLM4201 no',
      'hub-0: two',
    ])
  })

  it('fits the screen', () => {
    const problems = Array.from({ length: 50 }, (_, i) => `problem ${i} ${'x'.repeat(200)}`)
    const rows = Array.from({ length: 50 }, (_, i) => ({ ...HUB, replica: `hub-${i}`, problems }))
    const lines = formatTable(rows, { width: 40, height: 12 })
    expect(lines).toHaveLength(11)
    expect(Math.max(...lines.map((line) => line.length))).toBe(40)
    expect(lines.filter((line) => /^… and \d+ more$/.test(line))).toHaveLength(2)
    expect(formatTable(rows, { width: 0, height: 0 }).length).toBeLessThan(5)
  })
})

describe('formatRow', () => {
  it('says the same in words', () => {
    expect(formatRow(HUB)).toBe(
      'hub-0: running pid 4711, restarts 0, backlog 12,345, oldest 2.3 s, in 5,012/s, out 0/s, live web/next logs/out',
    )
    expect(formatRow({ ...WAITING, problems: ['it is broken'] })).toBe(
      'edge-0: waiting, restarts 12, starts in 4 s; it is broken',
    )
  })
})
