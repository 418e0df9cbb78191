import { CHANNELS, SINKS, SINK_GROUPS, SOURCES } from '../../agent/config/entries.ts'
import { orderRule } from './crd-order-rule.ts'
import type { Addition, Additions } from './crd-schema.ts'

/*
 * What stands in the CRD for what the schemas of components check by functions: rules in CEL, or why
 * there is none. The generation fails where a check has nothing here, and where there is something for
 * a place that is gone.
 */

const SERVER_TLS: Addition = {
  rules: [
    {
      rule: '!has(self.secretRef) || !(has(self.certificate) || has(self.key) || has(self.passphraseFile) || has(self.clientCa))',
      message:
        'secretRef takes the place of certificate, key, passphraseFile and clientCa: leave one or the other out',
    },
    {
      rule: 'has(self.secretRef) || (has(self.certificate) && has(self.key))',
      message: 'give certificate and key, or secretRef',
    },
    {
      rule: "has(self.secretRef) || !has(self.clientAuth) || self.clientAuth == 'none' || has(self.clientCa)",
      fieldPath: '.clientAuth',
      message: 'this needs clientCa, the authorities to trust',
    },
  ],
}

const CLIENT_TLS: Addition = {
  rules: [
    {
      rule: '!has(self.caSecretRef) || !has(self.ca)',
      message: 'caSecretRef takes the place of ca: leave one of the two out',
    },
    {
      rule: '!has(self.certificateSecretRef) || !(has(self.certificate) || has(self.key) || has(self.passphraseFile))',
      message:
        'certificateSecretRef takes the place of certificate, key and passphraseFile: leave one or the other out',
    },
    {
      rule: 'has(self.certificate) == has(self.key)',
      message: 'certificate and key are of use only together',
    },
  ],
}

const SOURCE_ADDITIONS: Additions = {
  'sources[].tail': {
    rules: [
      {
        rule: '(has(self.files) && self.files.size() > 0) || (has(self.groups) && self.groups.size() > 0)',
        fieldPath: '.files',
        message: 'expected at least one pattern in "files" or one group in "groups"',
      },
    ],
  },
  'sources[].avro': {
    rules: [
      orderRule(SOURCES['avro'], {
        unit: 'size',
        low: 'maxFrameSize',
        high: 'maxInFlightSize',
        at: 'maxInFlightSize',
        message: 'expected at least the maxFrameSize',
      }),
    ],
  },
  'sources[].avro.ipFilter[]': {
    rules: [{ rule: 'has(self.ip) != has(self.name)', message: 'expected either ip or name' }],
  },
  'sources[].avro.tls': SERVER_TLS,
  'sources[].http': {
    rules: [
      orderRule(SOURCES['http'], {
        unit: 'duration',
        low: 'headersTimeout',
        high: 'requestTimeout',
        at: 'headersTimeout',
        message: 'expected at most the requestTimeout',
      }),
      orderRule(SOURCES['http'], {
        unit: 'size',
        low: 'maxBodySize',
        high: 'maxBodiesSize',
        at: 'maxBodiesSize',
        message: 'expected at least the maxBodySize',
      }),
    ],
  },
  'sources[].http.tls': SERVER_TLS,
  'sources[].interceptors[].regexFilter.regex': {
    agentOnly: 'CEL has expressions of another syntax, and none that says what runs in linear time',
  },
  'sources[].interceptors[].validate': {
    rules: [
      {
        rule: '(has(self.requiredHeaders) && self.requiredHeaders.size() > 0) || has(self.maxBodySize) || (has(self.utf8) && self.utf8) || (has(self.json) && self.json)',
        message: 'expected at least one check: requiredHeaders, maxBodySize, utf8 or json',
      },
    ],
  },
  'sources[].selector.multiplexing.mappings': { key: 'value' },
  'sources[].selector.multiplexing.mappings[]': {
    rules: [
      {
        rule: 'has(self.channels) || (has(self.optional) && self.optional.size() > 0)',
        message: 'expected `channels`, `optional` or both',
      },
    ],
  },
}

const CHANNEL_ADDITIONS: Additions = {
  'channels[].file': {
    rules: [
      orderRule(CHANNELS['file'], {
        unit: 'size',
        low: 'segmentSize',
        high: 'capacity',
        factor: 4,
        at: 'segmentSize',
        message: 'expected at most a quarter of the capacity: lower segmentSize or raise capacity',
      }),
    ],
  },
  'channels[].memory': {
    rules: [
      orderRule(CHANNELS['memory'], {
        unit: 'number',
        low: 'transactionCapacity',
        high: 'capacity',
        at: 'transactionCapacity',
        message: 'expected at most `capacity`',
      }),
    ],
  },
}

function clientAdditions(type: string): Additions {
  return {
    [`sinks[].${type}`]: {
      rules: [
        orderRule(SINKS[type], {
          unit: 'number',
          low: 'batchSize',
          high: 'maxInFlight',
          at: 'maxInFlight',
          message: 'expected at least `batchSize`',
        }),
      ],
    },
    [`sinks[].${type}.tls`]: CLIENT_TLS,
  }
}

const SINK_ADDITIONS: Additions = {
  ...clientAdditions('agent'),
  ...clientAdditions('avro'),
  'sinks[].file.directory': {
    rules: [{ rule: "!self.contains('\\u0000')", message: 'expected a path without NUL' }],
  },
  'sinkGroups[].single': {
    rules: [
      orderRule(SINK_GROUPS['single'], {
        unit: 'duration',
        low: 'backoffMin',
        high: 'backoffMax',
        at: 'backoffMin',
        message: 'expected at most `backoffMax`',
      }),
    ],
  },
  'sinkGroups[].failover': {
    rules: [
      {
        rule: 'self.priorities.all(p, self.priorities.exists_one(q, q.priority == p.priority))',
        fieldPath: '.priorities',
        message: 'two sinks have the same priority: give each a number of its own',
      },
    ],
  },
  'sinkGroups[].failover.priorities': { key: 'sink' },
}

export const COMPONENT_ADDITIONS: Additions = {
  ...SOURCE_ADDITIONS,
  ...CHANNEL_ADDITIONS,
  ...SINK_ADDITIONS,
}
