import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { Authority } from './authority.ts'

const TIMEOUT_MS = 2000

/**
 * A GET as the administrator, without a client library: whether a server is up is asked before there
 * is anything to configure one with. Resolves to the status, undefined when nobody answers.
 */
export async function probe(
  authority: Authority,
  server: string,
  path: string,
): Promise<number | undefined> {
  const read = (name: string): Buffer => readFileSync(authority.file(name))
  const options = {
    ca: read('ca.crt'),
    cert: read('admin.crt'),
    key: read('admin.key'),
    agent: false as const,
    timeout: TIMEOUT_MS,
  }
  return new Promise((resolve) => {
    const call = request(new URL(path, server), options, (response) => {
      response.resume().once('close', () => resolve(response.statusCode))
    })
    call.once('timeout', () => call.destroy())
    call.once('error', () => resolve(undefined))
    call.end()
  })
}
