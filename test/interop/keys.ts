import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One self-signed certificate of 127.0.0.1, as files for Java and for us. */
export interface Keys {
  readonly password: string
  /** PKCS12: certificate and key. */
  readonly keystore: string
  /** PKCS12: the certificate alone. */
  readonly truststore: string
  /** PEM. */
  readonly certificate: string
  readonly key: string
}

export function makeKeys(folder: string): Keys {
  const password = 'changeit'
  const [keystore, truststore] = [join(folder, 'keys.p12'), join(folder, 'trust.p12')]
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const store = ['-alias', 'k', '-storetype', 'PKCS12', '-storepass', password, '-noprompt']
  keytool('-genkeypair', '-keystore', keystore, ...store, ...CERTIFICATE)
  keytool('-exportcert', '-rfc', '-file', certificate, '-keystore', keystore, ...store)
  keytool('-importcert', '-file', certificate, '-keystore', truststore, ...store)
  const out = ['pkcs12', '-in', keystore, '-passin', `pass:${password}`, '-nodes', '-nocerts']
  writeFileSync(key, execFileSync('openssl', out, { stdio: ['ignore', 'pipe', 'pipe'] }))
  return { password, keystore, truststore, certificate, key }
}

// prettier-ignore
const CERTIFICATE = [
  '-keyalg', 'RSA', '-keysize', '2048', '-validity', '3650',
  '-dname', 'CN=localhost', '-ext', 'SAN=ip:127.0.0.1,dns:localhost',
]

function keytool(...args: string[]): void {
  execFileSync('keytool', args, { stdio: ['ignore', 'pipe', 'pipe'] })
}
