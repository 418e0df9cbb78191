/** Manifests for the tests of the command line. */

export function seqToFile(directory: string, events = 100): string {
  return `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: web }
spec:
  sources: [{ name: in, seq: { totalEvents: ${events} } }]
  sinks: [{ name: out, file: { directory: ${directory} } }]
`
}

/** Its events never leave the memory channel: the directory of the sink lies below a file. */
export function stuck(file: string): string {
  return `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: stuck }
spec:
  sources: [{ name: in, seq: { totalEvents: 10 } }]
  channels: [{ name: disk, memory: {} }]
  sinks: [{ name: out, file: { directory: ${file}/out } }]
`
}

export const FIVE_MISTAKES = `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: web }
spec:
  sources:
    - name: in
      seq: { totalEvent: 10 }
    - name: in
      seq: { batchSize: many }
  sinks:
    - name: out
      channel: nowhere
      fiel: { directory: /tmp/out }
`
