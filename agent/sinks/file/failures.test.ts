import { describe, expect, test } from 'vitest'
import { systemError } from '../../../test/sim/disk-faults.ts'
import { notWritten, startFailed, writeFailed } from './failures.ts'

describe('failures of the file sink', () => {
  test.each([
    ['ENOSPC', /free space/],
    ['EIO', /health of the disk/],
    ['ENOTDIR', /something else stands/],
  ] as const)('%s says what to do', (code, cure) => {
    const error = writeFailed('/out/a.log', systemError(code, 'write', '/out/a.log'), 'unknown')
    expect(error).toMatchObject({ code: 'FLM4201', retryable: true, outcome: 'unknown' })
    expect(error.message).toMatch(/writing to \/out\/a\.log failed/)
    expect(error.message).toMatch(cure)
  })

  test('a start that failed names the directory', () => {
    const cause = Object.assign(new Error('no'), { code: 'EACCES' })
    const error = startFailed('/out', undefined, cause)
    expect(error).toMatchObject({ code: 'FLM4101', retryable: true, cause })
    expect(error.message).toMatch(/\/out.*let the user of the agent write there/)
  })

  test('what was not begun has a known outcome', () => {
    expect(notWritten('why')).toMatchObject({ retryable: true, outcome: 'none' })
  })
})
