import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Running } from './running.ts'

const START_SECONDS_MAX = 60
const TRY_MS = 20

/** A port of the loopback that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function freePorts(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, freePort))
}

/** Waits until a program listens on its port; fails when the program ends before. */
export async function listening(running: Running, port: number): Promise<void> {
  let open = false
  const tries = setInterval(() => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      open = true
      socket.destroy()
    })
    socket.once('error', () => socket.destroy())
  }, TRY_MS)
  try {
    await running.until(`port ${port} is open`, () => open || undefined, {
      secondsMax: START_SECONDS_MAX,
    })
  } finally {
    clearInterval(tries)
  }
}
