import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadKubeconfig, loadServer } from './server.ts'

function directory(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'flume-kube-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A kubeconfig whose current context joins the one cluster and the one user. */
function kubeconfig(cluster: object, user: object): string {
  const path = directory({
    config: dump({
      'current-context': 'here',
      clusters: [{ name: 'c', cluster: { server: 'https://api:6443', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    }),
  })
  return join(path, 'config')
}

describe('in a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }

  test('the service account is used, its authority read anew each time', async () => {
    const serviceAccountDirectory = directory({ token: 'secret', 'ca.crt': 'old' })
    const server = loadServer({ env: { ...env, KUBECONFIG: '/nope' }, serviceAccountDirectory })
    expect(server.url.href).toBe('https://[fd00::1]/')
    const { headers } = await server.access()
    expect(new Headers(headers).get('authorization')).toBe('Bearer secret')
    writeFileSync(join(serviceAccountDirectory, 'ca.crt'), 'new')
    expect(String((await server.access()).ca)).toBe('new')
  })

  test('without a token KUBECONFIG counts', () => {
    const KUBECONFIG = kubeconfig({}, { token: 't' })
    const serviceAccountDirectory = directory({})
    const server = loadServer({ env: { ...env, KUBECONFIG }, serviceAccountDirectory })
    expect(server.url.href).toBe('https://api:6443/')
  })

  test('without either it is said what to do', () => {
    expect(() => loadServer({ env: {} })).toThrow(
      'the API server is not known: this is no pod with a service account, and KUBECONFIG names no file: set it',
    )
  })
})

describe('a kubeconfig', () => {
  test('with certificates inside', async () => {
    const path = kubeconfig(
      { 'certificate-authority-data': base64('ca'), 'tls-server-name': 'kubernetes' },
      { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
    )
    const { ca, cert, key, ...rest } = await loadKubeconfig([path]).access()
    expect([ca, cert, key].map(String)).toEqual(['ca', 'cert', 'key'])
    expect(rest).toEqual({ servername: 'kubernetes', headers: {} })
  })

  test('with files beside it', async () => {
    const path = directory({ ca: 'ca', cert: 'cert', key: 'key' })
    const clusters = [
      { name: 'c', cluster: { server: 'https://a', 'certificate-authority': 'ca' } },
    ]
    const user = { 'client-certificate': 'cert', 'client-key': join(path, 'key') }
    const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }]
    const config = { clusters, users: [{ name: 'u', user }], contexts, 'current-context': 'x' }
    writeFileSync(join(path, 'config'), dump(config))
    const { ca, cert, key } = await loadKubeconfig([join(path, 'config')]).access()
    expect([ca, cert, key].map(String)).toEqual(['ca', 'cert', 'key'])
  })

  test('with a token, a password, a command, another user', async () => {
    const accessOf = async (user: object) => {
      const { headers } = await loadKubeconfig([kubeconfig({}, user)]).access()
      return Object.fromEntries(new Headers(headers))
    }
    expect(await accessOf({ token: 't' })).toEqual({ authorization: 'Bearer t' })
    expect(await accessOf({ username: 'me', password: 'pw' })).toEqual({
      authorization: `Basic ${base64('me:pw')}`,
    })
    expect(await accessOf({ token: 't', as: 'another' })).toEqual({
      authorization: 'Bearer t',
      'impersonate-user': 'another',
    })
    const credential = JSON.stringify({ status: { token: 'fresh' } })
    const exec = {
      command: 'echo',
      args: [credential],
      apiVersion: 'client.authentication.k8s.io/v1',
    }
    expect(await accessOf({ exec })).toEqual({ authorization: 'Bearer fresh' })
  })

  test('that skips verification does so only when told', async () => {
    const skipping = loadKubeconfig([kubeconfig({ 'insecure-skip-tls-verify': true }, {})])
    expect(await skipping.access()).toMatchObject({ rejectUnauthorized: false })
    expect(await loadKubeconfig([kubeconfig({}, {})]).access()).toEqual({ headers: {} })
  })

  test('of several files the first that defines a name counts', () => {
    const first = kubeconfig({ server: 'https://first' }, {})
    const second = kubeconfig({ server: 'https://second' }, {})
    expect(loadKubeconfig([first, second]).url.host).toBe('first')
  })

  test('that cannot be used is refused with the reason', () => {
    const messageOf = (paths: readonly string[]): string => {
      try {
        loadKubeconfig(paths)
        return ''
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'FLM7106', retryable: false })
        return (thrown as Error).message
      }
    }
    expect(messageOf(['/nope/config'])).toMatch(
      /the kubeconfig \/nope\/config cannot be read: ENOENT/,
    )
    expect(messageOf([join(directory({ config: ': :\n-' }), 'config')])).toMatch(/cannot be read/)
    expect(messageOf([join(directory({ config: '{}' }), 'config')])).toMatch(
      /current-context names "", which is not in contexts of/,
    )
    expect(messageOf([kubeconfig({ server: 'nonsense' }, {})])).toMatch(/"nonsense" is no URL/)
    expect(messageOf([kubeconfig({ 'proxy-url': 'http://p' }, {})])).toMatch(/proxy-url/)
    expect(messageOf([kubeconfig({}, { 'auth-provider': { name: 'gcp' } })])).toMatch(
      /the auth-provider "gcp": use exec instead/,
    )
  })
})
