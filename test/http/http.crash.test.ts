import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Workbench, until } from '../cli/flume.ts'
import type { FlumeProcess } from '../cli/flume.ts'

/** SIGKILLs of a test; `.ci/run` asks for more. */
const KILLS = Math.ceil(Number(process.env['CRASH_KILLS'] ?? 20) / 5)
const CLIENTS = 4
const EVENTS = 20
/** Answers between two kills. */
const ANSWERS = 60

const manifest = (out: string): string => `
apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: web }
spec:
  sources:
    - name: in
      http: { bind: 127.0.0.1, port: 0 }
  channels:
    - name: disk
      file: { capacity: 64Mi }
  sinks:
    - name: out
      file: { directory: ${out} }
`

/** Clients that send numbered events and know which of them they were told to forget. */
class Senders {
  readonly forgotten: string[] = []
  answers = 0
  #next = 0
  #over = false

  /** Sends to a port until the agent behind it is gone. */
  async run(port: number): Promise<void> {
    const agent = new Agent({ keepAlive: true })
    this.#over = false
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#send(port, agent)))
    agent.destroy()
  }

  async #send(port: number, agent: Agent): Promise<void> {
    while (!this.#over) {
      const ids = Array.from({ length: EVENTS }, () => `event-${this.#next++}`)
      const sent = request({ host: '127.0.0.1', port, method: 'POST', agent })
      sent.end(JSON.stringify(ids.map((body) => ({ body }))))
      try {
        const [response] = (await once(sent, 'response')) as [
          { statusCode?: number; resume(): void },
        ]
        response.resume()
        this.answers++
        if (response.statusCode === 200) this.forgotten.push(...ids)
      } catch {
        // The agent was killed; what it did with these events is not known.
        this.#over = true
      }
    }
  }
}

test('what was answered 200 is delivered, however often the agent is killed', async () => {
  const bench = new Workbench()
  const file = bench.path('flow.yaml')
  const out = bench.path('out')
  writeFileSync(file, manifest(out))
  const start = async (): Promise<{ readonly agent: FlumeProcess; readonly port: number }> => {
    const agent = bench.run(file)
    const listens = await agent.logged(/"port":(\d+),"msg":"http source listens"/)
    return { agent, port: Number(listens[1]) }
  }
  const senders = new Senders()
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      const { agent, port } = await start()
      const sending = senders.run(port)
      await until('answers', () => (senders.answers >= kill * ANSWERS ? true : undefined))
      agent.kill('SIGKILL')
      await Promise.all([agent.ended, sending])
    }
    const { agent } = await start()
    const delivered = (): string[] =>
      readdirSync(out).flatMap((name) => bench.read('out', name).split('\n').slice(0, -1))
    await until('all events to be delivered', () => {
      const all = new Set(delivered())
      return senders.forgotten.every((id) => all.has(id)) ? true : undefined
    })
    agent.kill('SIGTERM')
    expect((await agent.ended).code).toBe(0)
    // Nothing here sends an event twice, so nothing may come out twice.
    const all = delivered()
    expect(new Set(all).size).toBe(all.length)
    expect(senders.forgotten.length).toBeGreaterThan(0)
  } finally {
    await bench.clean()
  }
})
