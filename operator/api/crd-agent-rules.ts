import { STORAGE_MIN } from '../../agent/config/agent-schema.ts'
import type { Additions } from './crd-schema.ts'

const STORAGE_CLASS = 'self.storageClassName'

export const AGENT_ADDITIONS: Additions = {
  storage: {
    rules: [
      {
        rule: '!isQuantity(self.size) || !isQuantity(oldSelf.size) || quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0',
        fieldPath: '.size',
        message: 'size cannot shrink: Kubernetes volumes only grow',
      },
      {
        rule: `has(${STORAGE_CLASS}) == has(oldSelf.storageClassName) && (!has(${STORAGE_CLASS}) || ${STORAGE_CLASS} == oldSelf.storageClassName)`,
        fieldPath: '.storageClassName',
        message: 'storageClassName cannot change: make a new FlumeAgent',
      },
    ],
  },
  'storage.size': {
    rules: [
      {
        rule: `isQuantity(self) && quantity(self).compareTo(quantity('${STORAGE_MIN}')) >= 0`,
        message: `expected a size such as 20Gi, at least ${STORAGE_MIN}`,
        messageExpression: `'expected a size such as 20Gi, at least ${STORAGE_MIN}, got ' + self`,
      },
    ],
  },
  serviceAccount: {
    rules: [
      {
        rule: '!has(self.name) || !has(self.annotations)',
        fieldPath: '.annotations',
        message: 'only an account that is made has annotations: remove them, or the name',
      },
    ],
  },
}
