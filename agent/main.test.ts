import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FIVE_MISTAKES, seqToFile } from '../test/cli/manifests.ts'
import { FLUME, flume } from '../test/cli/flume.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-main-'))
})

afterAll(() => rmSync(directory, { recursive: true }))

describe('the command line', () => {
  test('version, for people and for programs', async () => {
    const text = await flume(['version'])
    expect(text).toMatchObject({ code: 0, stderr: '' })
    expect(text.stdout).toMatch(/^flume-operator \d+\.\d+\.\d+ \(Node 2\d\./)
    const json = await flume(['version', '--output', 'json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ version: expect.any(String) as string })
    expect((await flume(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('help has examples and ends with 0', async () => {
    for (const args of [['--help'], ['help', 'run'], ['run', '--help'], ['help', 'status']]) {
      const { code, stdout, stderr } = await flume(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain('flume')
      expect(stdout).toContain('Examples:')
    }
  })

  test('what is wrong on the command line is said in a line, exit code 2', async () => {
    const cases: readonly [readonly string[], RegExp][] = [
      [[], /Usage: flume/],
      [['rnu'], /unknown command 'rnu'/],
      [['run'], /'-f, --file <path\.\.\.>' not specified/],
      [['run', '-f', 'x', '--fiel'], /unknown option '--fiel'/],
      [['run', '-f', 'x', '--ordinal', '-1'], /Expected a number from 0/],
      [['run', '-f', 'x', '--admin', '8081'], /Expected HOST:PORT/],
      [['status', '--output', 'yaml'], /Allowed choices are text, json/],
      [['channel', 'verify'], /missing required argument 'dir'/],
    ]
    for (const [args, expected] of cases) {
      const { code, stdout, stderr } = await flume(args)
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
      expect(stderr).toMatch(expected)
    }
  })

  test('validate prints every mistake with its line, exit code 2; valid ends with 0', async () => {
    const bad = join(directory, 'bad.yaml')
    writeFileSync(bad, FIVE_MISTAKES)
    const refused = await flume(['validate', '-f', bad])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/bad\.yaml:7: FLM1203 spec\.sources\[0\]\.seq\.totalEvent/)
    expect(refused.stderr).toMatch(/\n5 errors\n$/)
    const good = join(directory, 'good.yaml')
    writeFileSync(good, seqToFile(join(directory, 'out')))
    expect(await flume(['validate', '-f', good])).toMatchObject({ code: 0, stderr: '' })
    expect((await flume(['validate', '-f', good, '--output', 'json'])).stdout).toMatch(/^\{/)
  })

  test('components lists, and shows one', async () => {
    expect((await flume(['components'])).stdout).toMatch(/ tail .*\n/)
    expect((await flume(['components', 'seq'])).stdout).toContain('totalEvents')
    expect(await flume(['components', 'seqq'])).toMatchObject({ code: 2, stdout: '' })
  })

  test('a reader that goes away is no failure', async () => {
    const command = `"${FLUME}" components --output json | head -c 1`
    const { code, stderr } = await flume(['-c', `set -e; ${command}`], { command: '/bin/sh' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

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

  test('it finds its project through relative and absolute symbolic links', async () => {
    symlinkSync(FLUME, join(directory, 'absolute'))
    symlinkSync('absolute', join(directory, 'relative'))
    const { code, stdout } = await flume(['--version'], { command: join(directory, 'relative') })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d/)
  })
})
