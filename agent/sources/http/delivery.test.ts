import { describe, expect, it } from 'vitest'
import { TestIntake } from '../../../test/http/test-intake.ts'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { batchOf } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { deliver } from './delivery.ts'

const batch = batchOf([{ body: Buffer.from('x') }])

function start(acknowledge: 'OnSafe' | 'OnAccept', prepare: (intake: TestIntake) => void) {
  const intake = new TestIntake()
  prepare(intake)
  const clock = new ManualClock()
  const [gone, stopping] = [new AbortController(), new AbortController()]
  const errors: object[] = []
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields) => errors.push(fields),
    child: () => log,
  }
  let accepted = 0
  let status: number | undefined
  const context = { emit: intake.emit, clock, log }
  const done = deliver(batch, context, {
    config: { acknowledge, roomTimeout: 3000 },
    signals: { gone: gone.signal, stopping: stopping.signal },
    onAccepted: () => accepted++,
  }).then((answer) => (status = answer.status))
  const state = (): [number, number | undefined] => [accepted, status]
  return { intake, clock, gone, stopping, errors, done, state }
}

describe('deliver', () => {
  it('answers 200 when the batch is safe', async () => {
    const run = start('OnSafe', (intake) => (intake.isDurable = false))
    await turns()
    expect(run.state()).toEqual([1, undefined])
    run.intake.makeSafe(0)
    await run.done
    expect(run.state()).toEqual([1, 200])
    expect(run.clock.pending).toBe(0)
  })

  it('answers 200 when the batch is accepted, if that is enough', async () => {
    const run = start('OnAccept', (intake) => (intake.isDurable = false))
    await run.done
    expect(run.state()).toEqual([1, 200])
  })

  it('waits for room as long as it may', async () => {
    const run = start('OnSafe', (intake) => (intake.hasRoom = false))
    run.clock.advance(2999)
    await turns()
    expect(run.state()).toEqual([0, undefined])
    run.intake.accept(0)
    await run.done
    expect(run.state()).toEqual([1, 200])
  })

  it('answers 503 when there was no room in time, and takes the batch back', async () => {
    const run = start('OnSafe', (intake) => (intake.hasRoom = false))
    run.clock.advance(3000)
    await run.done
    expect(run.state()).toEqual([1, 503])
    expect(run.intake.taken).toEqual([])
  })

  it.each(['gone', 'stopping'] as const)(
    'takes the batch back when the client or the source is %s',
    async (why) => {
      const run = start('OnSafe', (intake) => (intake.hasRoom = false))
      run[why].abort()
      await run.done
      expect(run.state()).toEqual([1, 503])
      expect(run.clock.pending).toBe(0)
    },
  )

  it('waits for what is in the channels although the source is to stop', async () => {
    const run = start('OnSafe', (intake) => (intake.isDurable = false))
    await turns()
    run.stopping.abort()
    await turns()
    expect(run.state()).toEqual([1, undefined])
    run.intake.makeSafe(0)
    await run.done
    expect(run.state()).toEqual([1, 200])
  })

  it('answers 500 to a failure that is ours, and logs it', async () => {
    const refusal = new FlumeError('FLM9001', 'a bug', { retryable: false })
    const run = start('OnSafe', (intake) => (intake.refusal = refusal))
    await run.done
    expect(run.state()).toEqual([1, 500])
    expect(run.errors).toEqual([{ error: refusal, events: 1 }])
  })

  it('answers 413 to events that no channel takes, and logs nothing', async () => {
    const refusal = new FlumeError('FLM2203', 'too large', { retryable: false })
    const run = start('OnSafe', (intake) => (intake.refusal = refusal))
    await run.done
    expect(run.state()).toEqual([1, 413])
    expect(run.errors).toEqual([])
  })
})
