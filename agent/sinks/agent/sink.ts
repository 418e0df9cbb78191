import { FlumeError } from '../../core/errors.ts'
import type { Sink } from '../../core/sink.ts'
import { AvroClientSink } from '../../rpc/avro/client-sink.ts'
import { FixedPeers } from '../../rpc/avro/peers.ts'
import type { Peer } from '../../rpc/avro/peers.ts'
import { ServicePeers } from '../../rpc/avro/service-peers.ts'
import type { ResolvedAgentSinkConfig } from './config.ts'

/** Hands events to the replicas of another agent: in turn, and to the others when one fails. */
export function createSink(config: ResolvedAgentSinkConfig): Sink {
  const { name, endpoints = [], service } = config
  if (service !== undefined) return new AvroClientSink(new ServicePeers(service), config)
  if (endpoints.length === 0) {
    const message = `the sink that sends to the agent ${name} was given no address of it`
    throw new FlumeError('FLM9001', message, { retryable: false })
  }
  return new AvroClientSink(new FixedPeers(endpoints.map(peerOf)), config)
}

/** `HOST:PORT`, an IPv6 address in brackets. */
function peerOf(endpoint: string): Peer {
  const [, ipv6, host = ipv6, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(endpoint) ?? []
  if (host !== undefined) return { host, port: Number(port) }
  const message = `the address ${JSON.stringify(endpoint)} of an agent is not HOST:PORT`
  throw new FlumeError('FLM9001', message, { retryable: false })
}
