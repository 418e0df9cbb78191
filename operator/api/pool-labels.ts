import { AGENT_LABEL_NAME, LABELS, MANAGED_BY } from './constants.ts'

/** The labels of all objects of a pool. */
export function poolLabels(pool: string, uid: string): Record<string, string> {
  return {
    ...selectorLabels(pool),
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.agent]: pool,
    [LABELS.agentUid]: uid,
  }
}

/** Those that select the pods: selectors cannot change, so that the uid is not among them. */
export function selectorLabels(pool: string): Record<string, string> {
  return { [LABELS.name]: AGENT_LABEL_NAME, [LABELS.instance]: pool }
}

/** `a=b,c=d`, as the scale subresource and watches want it. */
export function formatSelector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

/** Selects what belongs to any pool. */
export const MANAGED_SELECTOR = formatSelector({
  [LABELS.name]: AGENT_LABEL_NAME,
  [LABELS.managedBy]: MANAGED_BY,
})
