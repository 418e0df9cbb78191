import { expect, test } from 'vitest'
import { flume } from '../../test/cli/flume.ts'

test('run and up say what they take, with examples and exit codes', async () => {
  for (const command of ['run', 'up']) {
    const { code, stdout } = await flume([command, '--help'])
    expect(code).toBe(0)
    for (const text of [
      '--agent-address',
      '--data-dir',
      'Examples:',
      'Exit codes: 0 stopped in order',
    ])
      expect(stdout).toContain(text)
  }
})

test('what is wrong with their options is said in a line, exit code 2', async () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [['run', '-f', 'x', '--agent-address', 'hub'], /Expected NAME=HOST:PORT\[,HOST:PORT\]/],
    [['run', '-f', 'x', '--port', 'in=4141'], /Expected FLOW\/SOURCE=PORT/],
    [['run', '-f', 'x', '--exit-with-parent', '1'], /number of a descriptor from 3/],
    [
      ['run', '-f', 'x', '--exit-with-parent', '9'],
      /--exit-with-parent: descriptor 9: (?:it is not a pipe|EBADF)/,
    ],
    [['run'], /'-f, --file <path\.\.\.>' not specified/],
    [['run', '--delivered', 'x'], /'--delivered <dir>' needs '--agent <name>'/],
    [['run', '--delivered', 'x', '--agent', 'a', '-f', 'y'], /cannot be used with option '-f/],
    [['up'], /'-f, --file <path\.\.\.>' not specified/],
    [['up', '-f', 'x', '--shutdown-timeout', '5'], /--shutdown-timeout: expected a duration/],
    [['up', '-f', 'x', '--output', 'yaml'], /Allowed choices are text, json/],
  ]
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await flume(args)
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
    expect(stderr).toMatch(expected)
  }
})
