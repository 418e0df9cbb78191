import { fileURLToPath } from 'node:url'

/** Path of a file of testdata/, see its README. */
export function certificatePath(name: string): string {
  return fileURLToPath(new URL(`testdata/${name}`, import.meta.url))
}

/** Of `tls` of a source. */
export const SERVER_FILES = {
  certificate: certificatePath('server.pem'),
  key: certificatePath('server.key.pem'),
}

/** Of `tls` of a sink that trusts the server and shows a certificate. */
export const CLIENT_FILES = {
  ca: certificatePath('ca.pem'),
  certificate: certificatePath('client.pem'),
  key: certificatePath('client.key.pem'),
  passphraseFile: certificatePath('client.pass.txt'),
}

/** As CLIENT_FILES, of an authority that nobody knows. */
export const STRANGER_FILES = {
  ca: certificatePath('ca.pem'),
  certificate: certificatePath('stranger.pem'),
  key: certificatePath('stranger.key.pem'),
}
