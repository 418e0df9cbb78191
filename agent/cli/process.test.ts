import { afterEach, beforeEach, expect, test } from 'vitest'
import { RecordingLogger } from '../../test/sim/log-fixture.ts'
import { runInFlow } from '../telemetry/flow-scope.ts'
import { attachProcess } from './process.ts'
import type { AttachedProcess } from './process.ts'

class Exited extends Error {}

const EVENTS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'unhandledRejection'] as const
type Listener = (...args: readonly unknown[]) => void

/** Listeners that were there before; the test calls only those that were added. */
let before: Map<string, readonly unknown[]>
let attached: AttachedProcess
let log: RecordingLogger
let steps: (string | number)[]

beforeEach(() => {
  before = new Map(EVENTS.map((event) => [event, process.rawListeners(event)]))
  log = new RecordingLogger()
  steps = []
  const flush = (): void => void steps.push('flush')
  attached = attachProcess({ logger: log, flush }, (code) => {
    steps.push(code)
    throw new Exited()
  })
})

const added = (event: (typeof EVENTS)[number]): Listener[] =>
  process
    .rawListeners(event)
    .filter((listener) => !before.get(event)!.includes(listener)) as Listener[]

const raise = (event: (typeof EVENTS)[number], ...args: unknown[]): void => {
  for (const listener of added(event)) listener(...args)
}

afterEach(() => {
  for (const event of EVENTS) {
    for (const listener of added(event)) process.removeListener(event, listener)
  }
})

test('the first SIGTERM or SIGINT asks for a stop, the next one ends the process', () => {
  expect(attached.signal.aborted).toBe(false)
  raise('SIGTERM', 'SIGTERM')
  expect(attached.signal.aborted).toBe(true)
  expect(steps).toEqual([])
  expect(() => raise('SIGINT', 'SIGINT')).toThrow(Exited)
  expect(steps).toEqual(['flush', 130])
})

test('SIGHUP reloads, and is nothing before there is something to reload', () => {
  raise('SIGHUP', 'SIGHUP')
  let reloads = 0
  attached.hooks.onReload(() => {
    reloads += 1
  })
  raise('SIGHUP', 'SIGHUP')
  expect(reloads).toBe(1)
})

test('an uncaught error is logged and counted with its flow, flushed, and ends with 1', () => {
  const noted: (string | undefined)[] = []
  attached.hooks.onCrash((flow) => noted.push(flow))
  const error = new Error('boom')
  expect(() => runInFlow('web', () => raise('uncaughtException', error))).toThrow(Exited)
  expect(() => raise('unhandledRejection', error)).toThrow(Exited)
  expect(noted).toEqual(['web', undefined])
  expect(steps).toEqual(['flush', 1, 'flush', 1])
  expect(log.lines[0]).toMatchObject({ level: 'error', fields: { flow: 'web', error } })
})

test('a crash that cannot be counted ends the process all the same', () => {
  attached.hooks.onCrash(() => {
    throw new Error('disk full')
  })
  expect(() => raise('uncaughtException', new Error('boom'))).toThrow(Exited)
  expect(steps).toEqual(['flush', 1])
  expect(log.lines.map(({ message }) => message)).toContain('the crash could not be counted')
})
