import { hostname, networkInterfaces } from 'node:os'
import type { NetworkInterfaceInfo } from 'node:os'
import { withDefaultHeader, withHeader } from '../../core/batch.ts'
import type { PlainInterceptor } from '../../core/interceptor.ts'
import type { HostInterceptorConfig } from './config.ts'

/** Address and name are looked up once: in a pod they do not change while the agent runs. */
export function createInterceptor(config: HostInterceptorConfig): PlainInterceptor {
  const set = config.preserveExisting ? withDefaultHeader : withHeader
  const host = config.useIP ? addressOf(networkInterfaces()) : hostname()
  return (batch) => set(batch, config.header, host)
}

/** The first address others can reach, IPv4 before IPv6; the loopback address when there is none. */
export function addressOf(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
): string {
  const reachable = Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .filter((each) => !each.internal && !each.address.startsWith('fe80:'))
  const chosen = reachable.find((each) => each.family === 'IPv4') ?? reachable[0]
  return chosen?.address ?? '127.0.0.1'
}
