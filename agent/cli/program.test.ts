import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FIVE_MISTAKES, seqToFile } from '../../test/cli/manifests.ts'
import { FLUME, flume } from '../../test/cli/flume.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-program-'))
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
