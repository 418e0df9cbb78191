import { closeSync, openSync } from 'node:fs'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { watchParent } from './parent.ts'

const MODULE = join(import.meta.dirname, 'parent.ts')
const CODE = `
  import { watchParent } from ${JSON.stringify(MODULE)}
  const stay = setInterval(() => {}, 1000)
  watchParent(3, () => { process.stdout.write('gone'); clearInterval(stay) })
  process.stdout.write('watching ')
`

it('tells when the other end is closed, and lets the process end', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', CODE], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  let text = ''
  child.stdout!.on('data', (data: Buffer) => {
    text += data.toString()
    // What is written to it means nothing.
    if (text === 'watching ') (child.stdio[3] as NodeJS.WritableStream).end('words')
  })
  const [code] = (await once(child, 'close')) as [number]
  expect([code, text]).toEqual([0, 'watching gone'])
})

it('does not take what is no pipe', () => {
  const fd = openSync('/dev/null', 'r')
  expect(() => watchParent(fd, () => {})).toThrow('not a pipe')
  closeSync(fd)
  expect(() => watchParent(fd, () => {})).toThrow('EBADF')
})
