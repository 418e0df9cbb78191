import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeObject } from '../../operator/kube/types.ts'

/** Of kube-apiserver's audit log, what is read here. */
export interface AuditEvent {
  readonly stage: string
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string; readonly extra?: Readonly<Record<string, string[]>> }
  readonly objectRef?: {
    readonly resource: string
    readonly name?: string
    readonly subresource?: string
  }
  readonly responseStatus?: { readonly code: number }
  readonly responseObject?: KubeObject & { readonly spec?: { readonly holderIdentity?: string } }
  /** To the microsecond, so that text is in order. */
  readonly requestReceivedTimestamp: string
}

const CREDENTIAL = 'authentication.kubernetes.io/credential-id'

/**
 * What the API server wrote down of the requests of one account, whoever was killed meanwhile. Each process
 * has a token of its own, by which it is known.
 */
export class Audit {
  /** Of kube-apiserver. */
  readonly arguments: readonly string[]
  readonly #log: string

  constructor(directory: string, username: string) {
    const policy = join(directory, 'audit-policy.yaml')
    this.#log = join(directory, 'audit.log')
    writeFileSync(policy, JSON.stringify(policyOf(username)))
    this.arguments = [`--audit-policy-file=${policy}`, `--audit-log-path=${this.#log}`]
  }

  /** All until now, in the order in which the requests came. */
  events(): readonly AuditEvent[] {
    const lines = readFileSync(this.#log, 'utf8').split('\n')
    // A server that is killed may leave half a line.
    const whole = lines.filter((line) => line.startsWith('{') && line.endsWith('}'))
    return whole
      .map((line) => JSON.parse(line) as AuditEvent)
      .toSorted((a, b) => (a.requestReceivedTimestamp < b.requestReceivedTimestamp ? -1 : 1))
  }
}

function policyOf(username: string): object {
  const ours = { users: [username], omitStages: ['RequestReceived'] }
  const leases = [{ group: 'coordination.k8s.io', resources: ['leases'] }]
  return {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    rules: [
      { level: 'RequestResponse', resources: leases, ...ours },
      { level: 'Metadata', ...ours },
      { level: 'None' },
    ],
  }
}

/** `patch statefulsets/hub`, of requests that the account may not make. */
export function refused(events: readonly AuditEvent[]): string[] {
  return events.filter(({ responseStatus }) => responseStatus?.code === 403).map(describe)
}

/** What only the leader may do: everything that changes something, but the lease itself and Events. */
export function writesOf(events: readonly AuditEvent[]): readonly AuditEvent[] {
  return events.filter(
    ({ verb, requestURI, objectRef }) =>
      !READS.has(verb) &&
      !requestURI.includes('dryRun=All') &&
      !UNFENCED.has(objectRef?.resource ?? ''),
  )
}

const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch'])
const UNFENCED: ReadonlySet<string> = new Set(['leases', 'events'])

/** Who had the lead from when on; undefined: nobody. */
export interface Lead {
  readonly process: string | undefined
  readonly from: string
}

export function leadsOf(events: readonly AuditEvent[]): readonly Lead[] {
  const leads: Lead[] = []
  for (const event of events) {
    const { objectRef, responseStatus, responseObject } = event
    const isLease = objectRef?.resource === 'leases' && !READS.has(event.verb)
    if (!isLease || (responseStatus?.code ?? 0) >= 300) continue
    const isHeld = (responseObject?.spec?.holderIdentity ?? '') !== ''
    const process = isHeld ? processOf(event) : undefined
    if (leads.at(-1)?.process !== process || leads.length === 0)
      leads.push({ process, from: event.requestReceivedTimestamp })
  }
  return leads
}

/** Writes that came from a process while it had not the lead. */
export function writesWithoutLead(events: readonly AuditEvent[]): string[] {
  const leads = leadsOf(events)
  return writesOf(events)
    .filter((event) => {
      const at = event.requestReceivedTimestamp
      const lead = leads.findLast(({ from }) => from <= at)
      return lead?.process !== processOf(event)
    })
    .map((event) => `${event.requestReceivedTimestamp} ${processOf(event)} ${describe(event)}`)
}

function processOf({ user }: AuditEvent): string {
  return user.extra?.[CREDENTIAL]?.[0] ?? 'unknown'
}

function describe({ verb, objectRef, requestURI }: AuditEvent): string {
  if (objectRef === undefined) return `${verb} ${requestURI}`
  const { resource, name, subresource } = objectRef
  return `${verb} ${[resource, name, subresource].filter((part) => part !== undefined).join('/')}`
}
