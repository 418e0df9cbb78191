import type { ResourceType } from './types.ts'

const namespaced = (
  group: string,
  version: string,
  plural: string,
  kind: string,
): ResourceType => ({ group, version, plural, kind, namespaced: true })

const clusterScoped = (
  group: string,
  version: string,
  plural: string,
  kind: string,
): ResourceType => ({ group, version, plural, kind, namespaced: false })

/** The kinds of Kubernetes that the operator reads or writes. */
export const RESOURCES = {
  pods: namespaced('', 'v1', 'pods', 'Pod'),
  services: namespaced('', 'v1', 'services', 'Service'),
  configMaps: namespaced('', 'v1', 'configmaps', 'ConfigMap'),
  serviceAccounts: namespaced('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  volumeClaims: namespaced('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  statefulSets: namespaced('apps', 'v1', 'statefulsets', 'StatefulSet'),
  disruptionBudgets: namespaced('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  leases: namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  events: namespaced('events.k8s.io', 'v1', 'events', 'Event'),
  namespaces: clusterScoped('', 'v1', 'namespaces', 'Namespace'),
  customResourceDefinitions: clusterScoped(
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
  ),
} as const
