import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MountedVolume } from '../../test/config/mounted.ts'
import { ManualClock } from '../../test/sim/clock.ts'
import { CLIENT_FILES, certificatePath } from '../../test/tls/certificates.ts'
import type { FlumeError } from './errors.ts'
import { TlsContext, clientTlsOptions } from './tls-context.ts'
import { clientTlsSchema, serverTlsSchema, withServerSecrets } from './tls.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tls-context-'))
  await use('server')
})
afterEach(() => rm(directory, { recursive: true }))

const certificate = () => join(directory, 'tls.crt')
const key = () => join(directory, 'tls.key')

async function use(name: string): Promise<void> {
  await copyFile(certificatePath(`${name}.pem`), certificate())
  await copyFile(certificatePath(`${name}.key.pem`), key())
}

function contextOfServer() {
  const clock = new ManualClock()
  const problems: FlumeError[] = []
  const config = serverTlsSchema.parse({ certificate: certificate(), key: key() })
  const onProblem = (error: FlumeError): void => void problems.push(error)
  return { clock, problems, context: new TlsContext(config, { clock, onProblem }) }
}

test('a renewed certificate is used soon, the old one until then', async () => {
  const { clock, context } = contextOfServer()
  const first = await context.current()
  await use('renewed')
  expect(await context.current()).toBe(first)
  clock.advance(10_000)
  const second = await context.current()
  expect(second).not.toBe(first)
  expect(second.options.cert).not.toEqual(first.options.cert)
  clock.advance(10_000)
  expect(await context.current()).toBe(second)
})

test('a Secret that is mounted anew is used soon', async () => {
  const filesOf = async (name: string) => ({
    'web/tls.crt': await readFile(certificatePath(`${name}.pem`), 'utf8'),
    'web/tls.key': await readFile(certificatePath(`${name}.key.pem`), 'utf8'),
  })
  const volume = new MountedVolume(join(directory, 'secrets'), await filesOf('server'))
  const { tls } = withServerSecrets(
    { tls: serverTlsSchema.parse({ secretRef: { name: 'web' } }) },
    (secret, name) => join(volume.directory, secret, name),
  )
  const clock = new ManualClock()
  const problems: FlumeError[] = []
  const context = new TlsContext(tls, { clock, onProblem: (error) => problems.push(error) })
  const first = await context.current()
  volume.replace(await filesOf('renewed'))
  clock.advance(10_000)
  const second = await context.current()
  expect(second.options.cert).not.toEqual(first.options.cert)
  // A Secret that is deleted takes nothing away from what runs.
  volume.replace({})
  clock.advance(10_000)
  expect(await context.current()).toBe(second)
  expect(problems.map(({ code }) => code)).toEqual(['FLM6201'])
})

test('files that cannot be used any more are reported, and the last good ones go on', async () => {
  const { clock, context, problems } = contextOfServer()
  const first = await context.current()
  await writeFile(certificate(), 'no certificate')
  clock.advance(10_000)
  expect(await context.current()).toBe(first)
  await rm(key())
  clock.advance(10_000)
  expect(await context.current()).toBe(first)
  expect(problems.map(({ code }) => code)).toEqual(['FLM6201', 'FLM6201'])
  expect(problems[1]!.message).toContain(key())
})

test('files that never could be used are an error, until they can', async () => {
  const { context, problems } = contextOfServer()
  await copyFile(certificatePath('renewed.key.pem'), key())
  await expect(context.current()).rejects.toMatchObject({ code: 'FLM6201', retryable: true })
  await use('renewed')
  await expect(context.current()).resolves.toBeDefined()
  expect(problems).toEqual([])
})

test('files that cannot be used stay an error when nobody replaces them', async () => {
  const { clock, context } = contextOfServer()
  await copyFile(certificatePath('renewed.key.pem'), key())
  for (let check = 0; check < 2; check++) {
    await expect(context.current()).rejects.toMatchObject({ code: 'FLM6201' })
    clock.advance(10_000)
  }
})

test('without any file there is a context all the same', async () => {
  const options = { clock: new ManualClock(), onProblem: () => {} }
  const context = new TlsContext(clientTlsSchema.parse({}), options)
  const first = await context.current()
  expect(first.secureContext).toBeDefined()
  options.clock.advance(10_000)
  expect(await context.current()).toBe(first)
})

test('a key with a passphrase from a file', async () => {
  const options = { clock: new ManualClock(), onProblem: () => {} }
  const good = new TlsContext(clientTlsSchema.parse(CLIENT_FILES), options)
  await expect(good.current()).resolves.toBeDefined()
  const { passphraseFile: _, ...without } = CLIENT_FILES
  const bad = new TlsContext(clientTlsSchema.parse(without), options)
  await expect(bad.current()).rejects.toMatchObject({ code: 'FLM6201' })
})

test('a client names the host it asks for, unless that is an address', () => {
  const options = (config: object, host: string) =>
    clientTlsOptions(clientTlsSchema.parse(config), host)
  expect(options({}, 'hub-0')).toEqual({
    host: 'hub-0',
    servername: 'hub-0',
    rejectUnauthorized: true,
  })
  expect(options({}, '10.0.0.1')).toEqual({ host: '10.0.0.1', rejectUnauthorized: true })
  expect(options({ serverName: 'hub' }, '10.0.0.1')).toMatchObject({ servername: 'hub' })
  expect(options({ verify: 'none' }, 'a').rejectUnauthorized).toBe(false)
  expect(options({ verify: 'authority' }, 'a').checkServerIdentity).toBeTypeOf('function')
})
