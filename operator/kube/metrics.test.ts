import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { KubeMetrics } from './metrics.ts'

test('the names are those that dashboards of operators in Go look for', async () => {
  const registry = new Registry()
  const metrics = new KubeMetrics(registry)
  metrics.requests.inc({ code: '200', method: 'GET', host: 'h' })
  const names = (await registry.getMetricsAsJSON()).map(({ name }) => name)
  for (const name of [
    'controller_runtime_active_workers',
    'controller_runtime_max_concurrent_reconciles',
    'controller_runtime_reconcile_errors_total',
    'controller_runtime_reconcile_panics_total',
    'controller_runtime_reconcile_time_seconds',
    'controller_runtime_reconcile_timeouts_total',
    'controller_runtime_reconcile_total',
    'controller_runtime_terminal_reconcile_errors_total',
    'leader_election_master_status',
    'rest_client_requests_total',
    'workqueue_adds_total',
    'workqueue_depth',
    'workqueue_longest_running_processor_seconds',
    'workqueue_queue_duration_seconds',
    'workqueue_retries_total',
    'workqueue_unfinished_work_seconds',
    'workqueue_work_duration_seconds',
  ])
    expect(names).toContain(name)
})

test('running work is asked for when the metrics are read, until it is told to stop', async () => {
  const registry = new Registry()
  const { queue } = new KubeMetrics(registry)
  let seconds = 1
  const stop = queue.watch(() => ({ name: 'q', unfinishedSeconds: seconds, longestSeconds: 1 }))
  const line = (value: number) =>
    `workqueue_unfinished_work_seconds{name="q",controller="q"} ${value}`
  expect(await registry.metrics()).toContain(line(1))
  seconds = 2
  expect(await registry.metrics()).toContain(line(2))
  stop()
  seconds = 3
  expect(await registry.metrics()).not.toContain(line(3))
})
