import { Command } from 'commander'
import { expect, it } from 'vitest'
import {
  agentAddressOption,
  checkAddress,
  fileOption,
  logFormatOption,
  outputOption,
  parseDescriptor,
  parseOrdinal,
} from './options.ts'

it('gives each command options of its own', () => {
  const command = new Command()
    .addOption(fileOption())
    .addOption(agentAddressOption())
    .addOption(outputOption())
    .addOption(logFormatOption('how'))
  command.parse(['-f', 'a', 'b', '--agent-address', 'hub=a:1', '--agent-address=hub=b:1'], {
    from: 'user',
  })
  expect(command.opts()).toEqual({
    file: ['a', 'b'],
    agentAddress: new Map([['hub', ['a:1', 'b:1']]]),
    output: 'text',
  })
  expect(fileOption()).not.toBe(fileOption())
})

it('checks what is given', () => {
  expect(parseOrdinal('12')).toBe(12)
  expect(() => parseOrdinal('x')).toThrow('Expected a number from 0')
  expect(checkAddress('[::1]:80')).toBe('[::1]:80')
  expect(() => checkAddress('80')).toThrow('Expected HOST:PORT')
  expect(parseDescriptor('3')).toBe(3)
  for (const text of ['2', '-1', 'x', '99999'])
    expect(() => parseDescriptor(text)).toThrow('Expected the number of a descriptor from 3')
})
