import { expect, it } from 'vitest'
import { HttpBench, head } from '../../../test/http/bench.ts'

it('tells a client when to come again', async () => {
  await using bench = await HttpBench.start({ roomTimeout: '1ms' })
  bench.intake.hasRoom = false
  const reply = await bench.send('[{}]')
  expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  expect(reply.text).toBe('the batch waited for room in vain\n')
})

it('tells a client which methods there are', async () => {
  await using bench = await HttpBench.start()
  const reply = await bench.send('', { method: 'DELETE' })
  expect(reply).toMatchObject({ status: 405, headers: { allow: 'POST, GET' } })
})

it('answers before it closes, however much a client goes on sending', async () => {
  await using bench = await HttpBench.start({ maxBodySize: 1024 })
  // Larger than all socket buffers: written whole only because it is read and thrown away.
  const reply = await bench.send(Buffer.alloc(16 * 2 ** 20, 'x'))
  expect(reply).toMatchObject({ status: 413, headers: { connection: 'close' } })
  const chunked = { headers: { 'transfer-encoding': 'chunked' } }
  expect((await bench.send(Buffer.alloc(2 ** 20, 'x'), chunked)).status).toBe(413)
  expect(bench.status()).toMatchObject({ bytesInFlight: 0 })
})

it('closes a connection whose client neither sends the rest nor goes', async () => {
  await using bench = await HttpBench.start({ maxBodySize: 1024 })
  const connection = bench.connect()
  connection.write(head(5000))
  expect(await connection.closed).toMatch(/^HTTP\/1.1 413 /)
})

it('keeps a connection whose request was read to its end', async () => {
  await using bench = await HttpBench.start()
  const connection = bench.connect()
  connection.write(`${head(3)}nil`)
  await connection.received(/^HTTP\/1.1 400 [^]*expected an array of events\n$/)
  connection.write(`${head(2, 'Connection: close')}[]`)
  expect(await connection.closed).toMatch(/\nHTTP\/1.1 200 OK\r\n/)
})
