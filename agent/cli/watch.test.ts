import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../test/cli/flume.ts'
import { MountedVolume } from '../../test/config/mounted.ts'
import { ManualClock } from '../../test/sim/clock.ts'
import { POLL_MS, mountedVersion, signatureOf, watch, watchFiles } from './watch.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-watch-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

test('the signature follows manifests of a directory', async () => {
  const at = (name: string): string => join(directory, name)
  const empty = await signatureOf([at('conf')])
  mkdirSync(at('conf'))
  writeFileSync(at('conf/a.yaml'), 'a')
  const one = await signatureOf([at('conf')])
  writeFileSync(at('conf/a.yaml'), 'ab')
  const changed = await signatureOf([at('conf')])
  writeFileSync(at('conf/b.yml'), '')
  const two = await signatureOf([at('conf')])
  expect(new Set([empty, one, changed, two]).size).toBe(4)
  expect(await signatureOf([at('conf')])).toBe(two)
  expect(await signatureOf(['-'])).toBe('')
})

test('the signature follows the modules in a directory of plugins', async () => {
  const at = (name: string): string => join(directory, name)
  const empty = await signatureOf([directory])
  writeFileSync(at('a.js'), 'a')
  const one = await signatureOf([directory])
  writeFileSync(at('a.js'), 'ab')
  expect(new Set([empty, one, await signatureOf([directory])]).size).toBe(3)
})

test('a change is told once, after it has settled', async () => {
  const file = join(directory, 'a.yaml')
  writeFileSync(file, 'a')
  const clock = new ManualClock()
  let changes = 0
  /** One look, to its end: the next one is scheduled then. */
  const look = async (): Promise<void> => {
    clock.advance(POLL_MS)
    await until('the end of a look', () => (clock.pending === 1 ? true : undefined))
  }
  const watcher = watchFiles([file], await signatureOf([file]), clock, () => {
    changes += 1
  })
  await look()
  expect(changes).toBe(0)
  writeFileSync(file, 'half')
  await look()
  writeFileSync(file, 'half and the rest')
  await look()
  expect(changes).toBe(0)
  await look()
  expect(changes).toBe(1)
  await look()
  expect(changes).toBe(1)
  rmSync(file)
  await look()
  await look()
  expect(changes).toBe(2)
  watcher.stop()
  expect(clock.pending).toBe(0)
})

test('what is replaced at once is acted on at the first look that sees it', async () => {
  const clock = new ManualClock()
  let signature = 'one'
  let changes = 0
  const watched = { signature: () => Promise.resolve(signature), pollMs: 100, isAtomic: true }
  const watcher = watch(watched, signature, clock, () => {
    changes += 1
  })
  const look = async (): Promise<void> => {
    clock.advance(100)
    await until('the end of a look', () => (clock.pending === 1 ? true : undefined))
  }
  await look()
  expect(changes).toBe(0)
  signature = 'two'
  await look()
  await look()
  expect(changes).toBe(1)
  watcher.stop()
})

test('a mounted volume has a version, whether it or a link into it is looked at', async () => {
  const volume = new MountedVolume(join(directory, 'volume'), { 'config/a': '', b: '' })
  const looks = async (): Promise<(string | undefined)[]> =>
    Promise.all([volume.directory, join(volume.directory, 'config')].map(mountedVersion))
  const before = await looks()
  expect(before.every((each) => each !== undefined)).toBe(true)
  expect(await looks()).toEqual(before)
  volume.replace({ 'config/a': '', b: '' })
  const after = await looks()
  expect(after[0]).not.toBe(before[0])
  expect(after[1]).not.toBe(before[1])
  symlinkSync('nowhere', join(directory, 'dangling'))
  expect(await mountedVersion(join(directory, 'dangling'))).toContain('ENOENT')
  for (const plain of [directory, join(directory, 'none')])
    expect(await mountedVersion(plain)).toBeUndefined()
})
