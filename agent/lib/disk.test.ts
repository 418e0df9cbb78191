import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeDisk } from './disk.ts'

// The contract is tested with that of the fault disk in test/sim/disk.test.ts; here stands what only the
// real one has.
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flume-disk-'))
})

afterAll(async () => {
  await rm(directory, { recursive: true })
})

test('more buffers than one system call takes are written in order', async () => {
  const file = await nodeDisk.open(join(directory, 'many'), 'create')
  const buffers = Array.from({ length: 3000 }, (_, i) => Buffer.from(`${i},`))
  const bytes = Buffer.concat(buffers)
  expect(await file.write(buffers, 0)).toBe(bytes.length)
  const back = Buffer.alloc(bytes.length + 10)
  expect(await file.read(back, 0)).toBe(bytes.length)
  expect(back.subarray(0, bytes.length).equals(bytes)).toBe(true)
  await file.close()
  await file.close()
})

test('a lock excludes other processes and is free at once after SIGKILL', async () => {
  const path = join(directory, 'LOCK')
  const module = new URL('disk.ts', import.meta.url).href
  const script = `const { nodeDisk } = await import(${JSON.stringify(module)})
    console.log((await nodeDisk.lock(${JSON.stringify(path)})) === undefined ? 'refused' : 'locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  expect(said.toString().trim()).toBe('locked')
  expect(await nodeDisk.lock(path)).toBeUndefined()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = await nodeDisk.lock(path)
  expect(lock).toBeDefined()
  lock!.release()
})

test('a lock file that cannot be used is an error, not a lock that another holds', async () => {
  const path = join(directory, 'BROKEN')
  await writeFile(path, 'this is not what it should be'.repeat(100))
  await expect(nodeDisk.lock(path)).rejects.toThrow('not a database')
})

test('directories are made with their parents; what is there stays', async () => {
  const path = join(directory, 'a', 'b', 'c')
  await nodeDisk.makeDirectory(path)
  await nodeDisk.makeDirectory(path)
  expect(await nodeDisk.list(join(directory, 'a', 'b'))).toEqual(['c'])
})

test('a directory that cannot be made is an error at once, also where its parent is there', async () => {
  // Node's recursive mkdir never returns here.
  await expect(nodeDisk.makeDirectory('/proc/nothing/below')).rejects.toThrow('ENOENT')
  const file = join(directory, 'file')
  await writeFile(file, '')
  await expect(nodeDisk.makeDirectory(join(file, 'below'))).rejects.toThrow('ENOTDIR')
  await expect(nodeDisk.makeDirectory(file)).rejects.toThrow('EEXIST')
})
