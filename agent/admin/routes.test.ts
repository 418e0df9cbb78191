import { expect, test } from 'vitest'
import { adminView } from '../../test/cli/view.ts'
import { answer } from './routes.ts'

test('probes say yes with 200 and no with 503 and the reasons', async () => {
  const well = adminView()
  const ill = adminView({ ready: () => false, live: () => false })
  expect((await answer('GET', '/livez', well)).status).toBe(200)
  expect((await answer('GET', '/readyz?verbose', well)).status).toBe(200)
  for (const path of ['/livez', '/readyz']) {
    const { status, body } = await answer('GET', path, ill)
    expect(status).toBe(503)
    expect((JSON.parse(body) as { reasons: string[] }).reasons).toHaveLength(1)
  }
})

test('status is JSON, metrics are in their own format', async () => {
  expect(JSON.parse((await answer('GET', '/status', adminView())).body)).toMatchObject({
    agent: 'hub',
  })
  expect(await answer('HEAD', '/metrics', adminView())).toEqual({
    status: 200,
    contentType: 'text/plain; version=0.0.4',
    body: 'up 1\n',
  })
})

test('another path is answered with the list of paths, names of Object too', async () => {
  for (const path of ['/', '/nope', '/constructor', '__proto__', undefined]) {
    const { status, body } = await answer('GET', path, adminView())
    expect(status).toBe(404)
    expect(JSON.parse(body)).toMatchObject({ paths: ['/livez', '/readyz', '/metrics', '/status'] })
  }
})

test('another method is refused', async () => {
  for (const method of ['POST', 'DELETE', undefined]) {
    expect((await answer(method, '/status', adminView())).status).toBe(405)
  }
})
