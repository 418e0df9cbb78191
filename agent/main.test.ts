import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FLUME, FlumeProcess, ROOT, flume } from '../test/cli/flume.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-main-'))
})

afterAll(() => rmSync(directory, { recursive: true }))

describe('the launcher', () => {
  /** A copy of the launcher in a project without Node and, unless told, without libraries. */
  const project = (name: string, libraries = true): string => {
    const root = join(directory, name)
    mkdirSync(join(root, 'bin'), { recursive: true })
    if (libraries) mkdirSync(join(root, 'node_modules', 'commander'), { recursive: true })
    copyFileSync(FLUME, join(root, 'bin', 'flume'))
    return root
  }

  /** A folder for PATH with a `node` that says it is `version` and, when run, prints its arguments. */
  const fakeNode = (name: string, version: string): string => {
    const folder = join(directory, `${name}-path`)
    mkdirSync(folder)
    const script = `#!/bin/sh\n[ "$1" = --version ] && { echo ${version}; exit; }\necho "$$ $@"; env\n`
    writeFileSync(join(folder, 'node'), script, { mode: 0o755 })
    return `${folder}:/usr/bin:/bin`
  }

  const launch = (root: string, env: NodeJS.ProcessEnv, args = ['version']) =>
    flume(args, { command: join(root, 'bin', 'flume'), env })

  test('an older Node is refused in one sentence with the cure, exit code 2', async () => {
    const root = project('old')
    const { code, stdout, stderr } = await launch(root, { PATH: fakeNode('old', 'v20.20.2') })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(
      /^flume: Node 26 or newer is needed and \S+ is v20\.20\.2\. .*npm ci.*\n$/,
    )
  })

  test('something that is no Node is refused', async () => {
    const env = { PATH: fakeNode('odd', 'hello') }
    expect((await launch(project('odd'), env)).code).toBe(2)
  })

  test('libraries that are not installed are said, exit code 2', async () => {
    const env = { PATH: fakeNode('bare', 'v26.1.0') }
    const { code, stderr } = await launch(project('bare', false), env)
    expect(code).toBe(2)
    expect(stderr).toMatch(/^flume: the libraries are not installed\. Run "npm ci" in .*\n$/)
  })

  test('a newer Node of the system is taken, with threads and arguments handed on', async () => {
    const root = project('new')
    const env = { PATH: fakeNode('new', 'v27.0.0'), HOME: '/nonexistent/home' }
    const { code, stdout } = await launch(root, env, ['run', '-f', 'a b.yaml'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/agent\/main\.ts run -f a b\.yaml\n/)
    expect(stdout).toContain('--enable-experimental-regexp-engine-on-excessive-backtracks')
    expect(stdout).toMatch(/^UV_THREADPOOL_SIZE=64$/m)
  })

  test('what the user has set is kept', async () => {
    const root = project('kept')
    const env = { PATH: fakeNode('kept', 'v26.0.0'), UV_THREADPOOL_SIZE: '7' }
    expect((await launch(root, env)).stdout).toMatch(/^UV_THREADPOOL_SIZE=7$/m)
  })

  test('a home that cannot be written does not matter', async () => {
    const file = join(directory, 'no-folder')
    writeFileSync(file, '')
    for (const env of [{ HOME: file }, { XDG_CACHE_HOME: file }, { HOME: '' }]) {
      const { code, stderr } = await flume(['version'], {
        env: { XDG_CACHE_HOME: undefined, NODE_COMPILE_CACHE: undefined, ...env },
      })
      expect({ env, code, stderr }).toEqual({ env, code: 0, stderr: '' })
    }
  })

  test('a compile cache beside the sources is used, wherever it was made, and needs not be written', async () => {
    const root = project('image', false)
    for (const name of ['agent', 'node_modules', 'package.json'])
      symlinkSync(join(ROOT, name), join(root, name))
    const cache = join(root, 'compile-cache')
    mkdirSync(cache)
    const env = {
      NODE_COMPILE_CACHE: undefined,
      HOME: join(directory, 'nobody'),
      TMPDIR: undefined,
    }
    expect((await launch(root, env)).code).toBe(0)
    const made = readdirSync(cache, { recursive: true }).length
    expect(made).toBeGreaterThan(20)
    const moved = join(directory, 'moved')
    renameSync(root, moved)
    // As the agent runs it: not as the one who made it. Root may write everywhere.
    const others = { ...env, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
    const { code, stdout, stderr } = await launch(moved, others)
    expect({ code, stdout }).toMatchObject({ code: 0 })
    expect(`${stdout}${stderr}`).toMatch(/commander\/index\.js was accepted/)
    expect(existsSync(join(directory, 'nobody'))).toBe(false)
  })

  test('it becomes the agent: the process that is started is the one that gets the signals', async () => {
    const root = project('exec')
    const env = { PATH: fakeNode('exec', 'v26.0.0'), HOME: '' }
    const started = new FlumeProcess(['run'], { command: join(root, 'bin', 'flume'), env })
    const { stdout } = await started.ended
    expect(Number(/^(\d+) /.exec(stdout)![1])).toBe(started.pid)
  })

  test('it finds its project through relative and absolute symbolic links', async () => {
    symlinkSync(FLUME, join(directory, 'absolute'))
    symlinkSync('absolute', join(directory, 'relative'))
    const { code, stdout } = await flume(['--version'], { command: join(directory, 'relative') })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d/)
  })
})
