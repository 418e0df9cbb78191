import { deliver, deliveredData } from '../../agent/config/delivered.ts'
import type { DeliveredFlow, DeliveredHop } from '../../agent/config/delivered.ts'

/** A flow from made-up events to a file sink, unless the test says otherwise. */
export function deliveredFlow(
  name: string,
  spec: object = {},
  more: {
    readonly generation?: number
    readonly hops?: Readonly<Record<string, DeliveredHop>>
  } = {},
): DeliveredFlow {
  const { generation = 1, hops = {} } = more
  const full = {
    agentRef: { name: 'hub' },
    sources: [{ name: 'in', seq: { totalEvents: 10 } }],
    sinks: [{ name: 'out', null: {} }],
    ...spec,
  }
  return deliver({ metadata: { name }, spec: full }, { generation, hops })
}

/** The files of a volume with these flows. */
export function filesOf(...flows: readonly DeliveredFlow[]): Readonly<Record<string, string>> {
  return deliveredData('hub', flows)
}
