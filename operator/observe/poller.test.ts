import { expect, test } from 'vitest'
import { pod } from '../../test/operator/objects.ts'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import type { Pod } from '../api/live.ts'
import { Poller } from './poller.ts'

const answerOf = (name: string, problem?: string): string =>
  JSON.stringify({
    agent: name.replace(/-\d+$/, ''),
    ordinal: Number(name.replace(/^.*-/, '')),
    flows: [{ name: 'web', state: 'running', problem, sources: [], channels: [], sinks: [] }],
  })

type Answer = (name: string) => string | Promise<string>

function start(pods: readonly Pod[], answer: Answer = (name) => answerOf(name)) {
  const clock = new ManualClock()
  const asked: string[] = []
  const news: string[] = []
  const state = { pods, answer }
  const poller = new Poller({
    pods: () => state.pods,
    urlOf: ({ metadata, status }) =>
      status?.phase === 'Running' ? new URL(`http://x/${metadata.name}`) : undefined,
    ask: async ({ pathname }) => {
      asked.push(pathname.slice(1))
      return state.answer(pathname.slice(1))
    },
    onNews: (key) => news.push(key),
    onAnswer: () => {},
    clock,
  })
  poller.start()
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1000)
      await turns(3)
    }
  }
  return { poller, state, asked, news, pass }
}

test('each agent is asked at once, then every five seconds, and only news are told', async () => {
  const { poller, asked, news, pass } = start([
    pod('hub', 0),
    pod('hub', 1, { waiting: 'X' }),
    pod('hub', 2, { leaving: true }),
  ])
  await turns(3)
  expect([asked, news]).toEqual([['hub-0'], ['logs/hub']])
  await pass(10)
  expect(asked).toHaveLength(3)
  expect(news).toHaveLength(1)
  expect(poller.reportOf('pod-hub-0')).toMatchObject({ reachable: true })
  poller.stop()
})

test('while something is to change they are asked every second', async () => {
  const { poller, asked, pass } = start([pod('hub', 0)])
  await turns(3)
  poller.setPending('logs/hub', true)
  await pass(4)
  expect(asked.length).toBeGreaterThanOrEqual(4)
  poller.setPending('logs/hub', false)
  const before = asked.length
  await pass(4)
  expect(asked).toHaveLength(before)
  poller.stop()
})

test('one that does not answer keeps its last report, and is silent after three times', async () => {
  const { poller, state, news, pass } = start([pod('hub', 0)])
  await turns(3)
  state.answer = () => Promise.reject(new Error('no'))
  await pass(10)
  expect(poller.reportOf('pod-hub-0')).toMatchObject({ reachable: true })
  await pass(5)
  expect(poller.reportOf('pod-hub-0')).toMatchObject({
    reachable: false,
    known: true,
    flows: [{ flow: 'web' }],
  })
  expect(news).toHaveLength(2)
  state.answer = (name) => answerOf(name, 'FLM1')
  await pass(5)
  expect(poller.reportOf('pod-hub-0')).toMatchObject({
    reachable: true,
    flows: [{ failures: ['FLM1'] }],
  })
  poller.stop()
})

test('of one that never answered nothing is known; one that is gone is forgotten', async () => {
  const { poller, state, pass } = start([pod('hub', 0)], () => 'no JSON')
  await pass(20)
  expect(poller.reportOf('pod-hub-0')).toEqual({ reachable: false, known: false, flows: [] })
  state.pods = []
  await pass(1)
  expect(poller.reportOf('pod-hub-0')).toBeUndefined()
  poller.stop()
})

test('no more than twenty are asked at the same time', async () => {
  const many = Array.from({ length: 50 }, (_, i) => pod('hub', i))
  const waiting: (() => void)[] = []
  const later: Answer = (name) =>
    new Promise((resolve) => {
      waiting.push(() => resolve(answerOf(name)))
    })
  const { poller, asked, pass } = start(many, later)
  await pass(2)
  expect(asked).toHaveLength(20)
  while (waiting.length > 0) {
    waiting.pop()!()
    await turns(3)
  }
  expect(new Set(asked).size).toBe(50)
  poller.stop()
})
