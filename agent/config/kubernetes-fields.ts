import { z } from 'zod'
import { boundedRecord } from '../core/schema.ts'

/** Entries of a list or a map that Kubernetes has the schema of. */
export const ENTRIES_MAX = 64

/** An object that Kubernetes has the schema of: it is handed on as it is. */
export function kubernetesObject() {
  return z.record(z.string(), z.unknown()).meta({ title: 'mapping' })
}

/** The name of an object: a DNS subdomain. */
export function objectName() {
  return z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
      error: 'expected a name of lower-case letters, digits, "-" and "."',
    })
}

/** A key of labels or annotations: a name, with the domain it belongs to before it. */
const labelKey = z
  .string()
  .max(317)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/, {
    error: 'expected a key such as example.com/team',
  })

const labelValue = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/, {
    error: 'expected at most 63 letters, digits, "-", "_" and "."',
  })

export function labelMap() {
  return boundedRecord(labelKey, labelValue, ENTRIES_MAX)
}

export function annotationMap() {
  return boundedRecord(labelKey, z.string().max(16_384), ENTRIES_MAX)
}
