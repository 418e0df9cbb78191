import { join } from 'node:path'
import { ROOT } from '../cli/flume.ts'
import type { FlumeProcess, Workbench } from '../cli/flume.ts'

export interface OperatorProcessOptions {
  readonly kubeconfig: string
  /** As the name of its pod. */
  readonly name: string
  /** Absent: all. */
  readonly namespaces?: readonly string[]
  readonly leaseNamespace: string
  readonly image: string
  readonly more?: readonly string[]
}

/** Starts bin/flume-operator, which works once it leads. */
export function startProcess(bench: Workbench, options: OperatorProcessOptions): FlumeProcess {
  const { kubeconfig, name, namespaces = [], leaseNamespace, image, more = [] } = options
  const args = [
    '--leader-elect',
    `--lease-namespace=${leaseNamespace}`,
    ...(namespaces.length === 0 ? [] : [`--namespaces=${namespaces.join(',')}`]),
    `--image=${image}`,
    '--metrics=127.0.0.1:0',
    '--health=127.0.0.1:0',
    ...more,
  ]
  const command = join(ROOT, 'bin', 'flume-operator')
  return bench.start(args, { command, env: { KUBECONFIG: kubeconfig, POD_NAME: name } })
}

/** What a running operator shows. */
export async function metricsOf(operator: FlumeProcess): Promise<string> {
  const [, port] = await operator.logged(/"metrics":(\d+)/)
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
}
