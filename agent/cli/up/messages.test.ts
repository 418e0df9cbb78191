import { expect, it } from 'vitest'
import type { SupervisorEvent } from '../../supervisor/events.ts'
import { formatEvent, formatPlace } from './messages.ts'

const logFile = 'data/logs/hub-0.log'
const killed = { code: undefined, reason: 'SIGKILL' }
const failed = { code: 1, reason: undefined }

const cases: readonly (readonly [SupervisorEvent, string])[] = [
  [{ type: 'started', replica: 'hub-0', pid: 12 }, 'hub-0: started, pid 12'],
  [
    { type: 'ended', replica: 'hub-0', ending: failed, retryInMs: 500, logFile },
    'hub-0: ended with code 1; starts again in 500 ms. Log: data/logs/hub-0.log',
  ],
  [
    { type: 'ended', replica: 'hub-0', ending: killed, retryInMs: 500, logFile },
    'hub-0: ended by SIGKILL; starts again in 500 ms. Log: data/logs/hub-0.log',
  ],
  [
    { type: 'refused', replica: 'hub-0', logFile },
    'hub-0: refused its configuration and is not started again until that changes: one | two. Log: data/logs/hub-0.log',
  ],
  [
    { type: 'killed', replica: 'hub-0', afterMs: 35_000 },
    'hub-0: killed, as it did not stop within 35 s',
  ],
  [{ type: 'reloaded', replica: 'hub-0' }, 'hub-0: runs the new configuration'],
  [
    { type: 'restarting', replica: 'hub-0' },
    'hub-0: is started anew, as ports or addresses changed',
  ],
  [
    { type: 'held', replica: 'hub-0', reasons: ['a', 'b'] },
    'hub-0: did not take in the new configuration, and the others of its agent are left as they are: a; b',
  ],
  [
    { type: 'removed', replica: 'hub-2', directory: 'data/hub-2' },
    'hub-2: stopped, as it is not wanted any more. Its events stay in data/hub-2 and are delivered when it runs again',
  ],
]

it.each(cases)('says that %o', (event, text) => {
  expect(formatEvent(event, () => ['one', 'two'])).toBe(text)
})

it('says where a replica is', () => {
  const sources = [
    { key: 'web/in', host: '0.0.0.0', port: 4141, written: true },
    { key: 'web/six', host: '::', port: 20_001, written: false },
  ]
  expect(formatPlace({ name: 'hub-1', ordinal: 1, admin: '127.0.0.1:20000', sources })).toBe(
    'hub-1: web/in at 0.0.0.0:4141, web/six at [::]:20001 (a free port), admin at 127.0.0.1:20000',
  )
})
