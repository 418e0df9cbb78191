import { expect, test } from 'vitest'
import { serve, textPage } from './endpoints.ts'

const local = { host: '127.0.0.1', port: 0 }

test('pages are served by their path, to GET alone', async () => {
  const served = await serve(local, {
    '/livez': () => textPage(200, 'ok'),
    '/fails': () => Promise.reject(new Error('x')),
  })
  const status = async (path: string, method = 'GET') =>
    (await fetch(`http://127.0.0.1:${served.port}${path}`, { method })).status
  expect(await status('/livez?verbose')).toBe(200)
  expect(await status('/livez', 'POST')).toBe(404)
  expect(await status('/constructor')).toBe(404)
  expect(await status('/fails')).toBe(500)
  await expect(serve({ ...local, port: served.port }, {})).rejects.toMatchObject({
    code: 'FLM9102',
  })
  await served.close()
})
