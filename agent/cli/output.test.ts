import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const MODULE = join(import.meta.dirname, 'output.ts')
const BYTES = 300_000

/** Runs a script that prints more than a pipe holds and then says how that went on stderr. */
const printing = (read: (child: ReturnType<typeof spawn>) => void): Promise<string> =>
  new Promise((resolve, reject) => {
    const script = `import { OutputClosed, print, printError } from ${JSON.stringify(MODULE)}
      try { print('x'.repeat(${BYTES})); printError('all') }
      catch (error) { printError(error instanceof OutputClosed ? 'closed' : String(error)) }`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script])
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.on('error', reject).on('close', () => resolve(said))
    read(child)
  })

test('all of a long text is written before the call returns', async () => {
  let bytes = 0
  const said = await printing((child) => {
    child.stdout!.on('data', (part: Buffer) => (bytes += part.length))
  })
  expect({ said, bytes }).toEqual({ said: 'all', bytes: BYTES })
})

test('a reader that went away is told apart from a failure', async () => {
  expect(await printing((child) => child.stdout!.destroy())).toBe('closed')
})
