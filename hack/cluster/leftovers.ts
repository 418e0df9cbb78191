import { existsSync, readFileSync } from 'node:fs'
import { cgroupsAt } from './cgroups.ts'
import { command } from './command.ts'
import { hostLink, rangesOf } from './layout.ts'
import type { Layout } from './layout.ts'
import { namespacesOf } from './network.ts'
import { markedProcesses } from './processes.ts'

/** Everything that there is on this machine because of a cluster; nothing, after it was taken down. */
export async function leftovers(directory: string, layout: Layout): Promise<string[]> {
  const processes = markedProcesses(directory).map(
    ({ pid, command: words }) => `process ${pid} (${words})`,
  )
  const mounts = mountsBelow(directory, readFileSync('/proc/self/mountinfo', 'utf8'))
  const link = hostLink(layout)
  return [
    ...processes,
    ...mounts.map((point) => `mount ${point}`),
    ...namespacesOf(layout).map((name) => `network namespace ${name}`),
    ...(existsSync(`/sys/class/net/${link}`) ? [`link ${link}`] : []),
    ...(await routesInto(layout)).map((route) => `route ${route}`),
    ...(await rulesAbout(layout)).map((rule) => `rule ${rule}`),
    ...cgroupsAt(layout.prefix).map((group) => `cgroup ${group}`),
    ...(existsSync(directory) ? [`state directory ${directory}`] : []),
  ]
}

/** Mount points at or below a folder, the deepest first. */
export function mountsBelow(folder: string, mountinfo: string): string[] {
  const points = mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((point) => point.replace(/\\(\d{3})/g, (_, octal: string) => unescaped(octal)))
  return points
    .filter((point) => point === folder || point.startsWith(`${folder}/`))
    .sort()
    .toReversed()
}

/** Blanks and the like are written as `\040`. */
function unescaped(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8))
}

export async function routesInto(layout: Layout): Promise<string[]> {
  const routes = await command('ip', ['-4', 'route', 'show', 'table', 'all'])
  return routes.split('\n').filter((line) => mentions(layout, line))
}

async function rulesAbout(layout: Layout): Promise<string[]> {
  const rules = await command('iptables-save', [])
  return rules.split('\n').filter((line) => mentions(layout, line))
}

/** Whether a line names an address of the cluster's networks. */
export function mentions(layout: Layout, line: string): boolean {
  return rangesOf(layout).some((range) => {
    const numbers = range.replace(/(\.0)+\/\d+$/, '.')
    return line.split(/[\s=]/).some((word) => word.startsWith(numbers))
  })
}
