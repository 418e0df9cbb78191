import { z } from 'zod'

/**
 * TLS in configurations: paths of PEM files or names of Kubernetes Secrets, never the secrets themselves.
 * See tls-context.ts for what is made of them.
 */

const path = z.string().min(1).max(4096)

/** A Secret of Kubernetes by its name: a DNS subdomain, so that it can stand in a path. */
const secretField = (what: string) =>
  z
    .strictObject({
      name: z
        .string()
        .max(253)
        .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, {
          error: 'expected the name of a Secret: lower-case letters, digits, "-" and "."',
        })
        .describe('Name of the Secret, in the namespace of the agent.'),
    })
    .optional()
    .describe(what)

const certificate = path.describe(
  'File with the certificate, followed by the intermediate ones, in PEM.',
)
const key = path.describe('File with the private key of the certificate, in PEM.')
const passphraseFile = path
  .optional()
  .describe('File with the passphrase of the key; a line end after it is left out.')
const minVersion = z
  .enum(['TLSv1.2', 'TLSv1.3'])
  .prefault('TLSv1.2')
  .describe('Lowest version of TLS that is spoken.')

/** TLS of a source that listens. */
export const serverTlsSchema = z
  .strictObject({
    secretRef: secretField(
      'Secret with certificate and key as `tls.crt` and `tls.key`, and with `ca.crt` in place of `clientCa` if clients are asked for certificates. Outside of Kubernetes its keys are files below `--secrets-dir`.',
    ),
    certificate: certificate.optional(),
    key: key.optional(),
    passphraseFile,
    clientCa: path
      .optional()
      .describe('File with the authorities whose client certificates are trusted, in PEM.'),
    clientAuth: z
      .enum(['none', 'optional', 'required'])
      .prefault('none')
      .describe(
        'Whether clients have to show a certificate of `clientCa`. `optional`: one that is shown has to be valid.',
      ),
    minVersion,
  })
  .superRefine((config, context) => {
    if (config.secretRef !== undefined) {
      for (const name of ['certificate', 'key', 'passphraseFile', 'clientCa'] as const)
        if (config[name] !== undefined) context.addIssue(besideSecret(name, 'secretRef'))
      return
    }
    for (const name of ['certificate', 'key'] as const)
      if (config[name] === undefined)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `required key is missing: give certificate and key, or secretRef`,
          params: { code: 'FLM1201' },
        })
    if (config.clientAuth === 'none' || config.clientCa !== undefined) return
    context.addIssue({
      code: 'custom',
      path: ['clientAuth'],
      message: `${config.clientAuth} needs clientCa, the authorities to trust`,
    })
  })

/** TLS of a sink that connects. */
export const clientTlsSchema = z
  .strictObject({
    caSecretRef: secretField(
      'Secret with the authorities to trust as `ca.crt`, in place of `ca`. Outside of Kubernetes it is a file below `--secrets-dir`.',
    ),
    certificateSecretRef: secretField(
      'Secret with a certificate to show and its key as `tls.crt` and `tls.key`, in place of `certificate` and `key`.',
    ),
    ca: path
      .optional()
      .describe(
        'File with the authorities whose server certificates are trusted, in PEM. Omitted: the well-known public ones.',
      ),
    certificate: certificate.optional(),
    key: key.optional(),
    passphraseFile,
    serverName: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe(
        'Name the certificate of the server has to be for. Omitted: the host connected to.',
      ),
    verify: z
      .enum(['full', 'authority', 'none'])
      .prefault('full')
      .describe(
        'How the server is verified. `full`: its certificate has to be of a trusted authority and for its name. `authority`: for any name. `none`: anybody can pose as the server.',
      ),
    minVersion,
  })
  .superRefine((config, context) => {
    if (config.caSecretRef !== undefined && config.ca !== undefined)
      context.addIssue(besideSecret('ca', 'caSecretRef'))
    if (config.certificateSecretRef !== undefined) {
      for (const name of ['certificate', 'key', 'passphraseFile'] as const)
        if (config[name] !== undefined) context.addIssue(besideSecret(name, 'certificateSecretRef'))
      return
    }
    if ((config.certificate === undefined) === (config.key === undefined)) return
    context.addIssue({
      code: 'custom',
      path: [config.key === undefined ? 'certificate' : 'key'],
      message: 'certificate and key are of use only together',
    })
  })

export type ServerTlsConfig = z.output<typeof serverTlsSchema>
export type ClientTlsConfig = z.output<typeof clientTlsSchema>

function besideSecret(name: string, reference: string) {
  const message = `${reference} takes its place: leave one of the two out`
  return { code: 'custom' as const, path: [name], message }
}

/** The file with the value of a key of a Secret. */
export type SecretFile = (secret: string, key: string) => string

/** A configuration with files in place of the Secrets it refers to; each key is asked for once. */
export function withServerSecrets<Config extends { readonly tls?: ServerTlsConfig | undefined }>(
  config: Config,
  fileOf: SecretFile,
): Config {
  const { secretRef, ...tls } = config.tls ?? {}
  if (config.tls === undefined || secretRef === undefined) return config
  const { clientAuth } = config.tls
  const files = {
    certificate: fileOf(secretRef.name, 'tls.crt'),
    key: fileOf(secretRef.name, 'tls.key'),
    ...(clientAuth === 'none' ? {} : { clientCa: fileOf(secretRef.name, 'ca.crt') }),
  }
  return { ...config, tls: { ...tls, ...files } }
}

/** As withServerSecrets, of a client. */
export function withClientSecrets<Config extends { readonly tls?: ClientTlsConfig | undefined }>(
  config: Config,
  fileOf: SecretFile,
): Config {
  if (config.tls === undefined) return config
  const { caSecretRef, certificateSecretRef, ...tls } = config.tls
  if (caSecretRef === undefined && certificateSecretRef === undefined) return config
  const files = {
    ...(caSecretRef === undefined ? {} : { ca: fileOf(caSecretRef.name, 'ca.crt') }),
    ...(certificateSecretRef === undefined
      ? {}
      : {
          certificate: fileOf(certificateSecretRef.name, 'tls.crt'),
          key: fileOf(certificateSecretRef.name, 'tls.key'),
        }),
  }
  return { ...config, tls: { ...tls, ...files } }
}
