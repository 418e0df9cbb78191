import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

/** What the operator counts beside the metrics of every operator (see kube/metrics.ts). */
export class OperatorMetrics {
  readonly evictions: Counter
  readonly nudges: Counter
  readonly polls: Counter<'result'>

  constructor(
    registry: Registry,
    counts: { readonly agents: () => number; readonly flows: () => number },
  ) {
    const registers = [registry]
    this.evictions = new Counter({
      name: 'flume_operator_evictions_total',
      help: 'Pods of agents that were evicted, to be made anew with the newest template.',
      registers,
    })
    this.nudges = new Counter({
      name: 'flume_operator_nudges_total',
      help: 'Annotations of pods that made a kubelet look at their configuration.',
      registers,
    })
    this.polls = new Counter({
      name: 'flume_operator_agent_polls_total',
      help: 'Questions to agents how they are, by result: answered or failed.',
      labelNames: ['result'],
      registers,
    })
    gauge('flume_operator_agents', 'FlumeAgents that the operator sees.', counts.agents)
    gauge('flume_operator_flows', 'FlumeFlows that the operator sees.', counts.flows)

    function gauge(name: string, help: string, value: () => number): void {
      void new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value())
        },
      })
    }
  }
}
