import { z } from 'zod'

/**
 * TLS in configurations: paths of PEM files, never the secrets themselves. See tls-context.ts for what
 * is made of them.
 */

const path = z.string().min(1).max(4096)

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
    certificate,
    key,
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
    if (config.clientAuth === 'none') return
    if (config.clientCa !== undefined) return
    context.addIssue({
      code: 'custom',
      path: ['clientAuth'],
      message: `${config.clientAuth} needs clientCa, the authorities to trust`,
    })
  })

/** TLS of a sink that connects. */
export const clientTlsSchema = z
  .strictObject({
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
    if ((config.certificate === undefined) === (config.key === undefined)) return
    context.addIssue({
      code: 'custom',
      path: [config.key === undefined ? 'certificate' : 'key'],
      message: 'certificate and key are of use only together',
    })
  })

export type ServerTlsConfig = z.output<typeof serverTlsSchema>
export type ClientTlsConfig = z.output<typeof clientTlsSchema>
