import { describe, expect, it } from 'vitest'
import { loadConfiguration } from './load.ts'
import { secretFileIn, secretsOf } from './secrets.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SPEC = {
  sources: [
    { name: 'a', avro: { port: 4141, tls: { secretRef: { name: 'web-tls' } } } },
    {
      name: 'b',
      http: { port: 8080, tls: { secretRef: { name: 'web-tls' }, clientAuth: 'required' } },
    },
    { name: 'wrong', avro: { prot: 4142, tls: { secretRef: { name: 'never-run' } } } },
  ],
  sinks: [
    {
      name: 'hub',
      agent: {
        name: 'hub',
        tls: { caSecretRef: { name: 'hub-ca' }, certificateSecretRef: { name: 'edge' } },
      },
    },
    { name: 'plain', null: {} },
  ],
}

describe('secretsOf', () => {
  it('names each Secret once, with the keys that are needed', () => {
    expect(secretsOf({ spec: SPEC })).toEqual([
      { secret: 'edge', keys: ['tls.crt', 'tls.key'] },
      { secret: 'hub-ca', keys: ['ca.crt'] },
      { secret: 'web-tls', keys: ['ca.crt', 'tls.crt', 'tls.key'] },
    ])
  })

  it('says nothing of what it does not understand', () => {
    for (const spec of [null, 7, {}, { sources: 'x', sinks: [[], null, {}] }])
      expect(secretsOf({ spec })).toEqual([])
  })
})

describe('a manifest that refers to a Secret', () => {
  const text = `
apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: web }
spec:
  sources:
    - name: in
      avro: { port: 4141, tls: { secretRef: { name: web-tls } } }
  sinks: [{ name: out, null: {} }]
`

  it('is run with the files below the directory of Secrets, and not without one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flume-secrets-'))
    try {
      const file = join(directory, 'web.yaml')
      await writeFile(file, text)
      const { plan } = await loadConfiguration([file], { secretsDirectory: '/s' })
      expect(plan!.flows[0]!.sources[0]!.config).toMatchObject({
        tls: {
          certificate: secretFileIn('/s')('web-tls', 'tls.crt'),
          key: '/s/web-tls/tls.key',
        },
      })
      const { problems } = await loadConfiguration([file])
      expect(problems).toEqual([
        {
          code: 'FLM1313',
          file,
          line: 8,
          path: 'spec.sources[0].avro.tls',
          message: expect.stringContaining('--secrets-dir DIR'),
        },
      ])
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
