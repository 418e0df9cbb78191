import type { Sink } from '../../core/sink.ts'
import { AvroClientSink } from '../../rpc/avro/client-sink.ts'
import { FixedPeers } from '../../rpc/avro/peers.ts'
import type { AvroSinkConfig } from './config.ts'

/** Hands events to one Avro source: of an agent of ours, or of a real Flume. */
export function createSink(config: AvroSinkConfig): Sink {
  const { host, port } = config
  return new AvroClientSink(new FixedPeers([{ host, port }]), config)
}
