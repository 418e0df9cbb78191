import { expect, test } from 'vitest'
import { SetupError, cure, ensure, installCommand } from './tool.ts'
import type { Tool } from './tool.ts'

const jdk: Tool = { probe: ['java', '-version'], title: 'a JDK', debianPackage: 'a-jdk' }
const maven: Tool = { probe: ['mvn', '--version'], title: 'Maven', debianPackage: 'maven' }
const none: Tool = {
  probe: ['no-such-program-here'],
  title: 'no such program',
  debianPackage: 'none',
}

test('packages are installed by root on Debian alone', () => {
  const command = ['apt-get', 'install', '--yes', '--no-install-recommends', 'a-jdk', 'maven']
  expect(installCommand(['a-jdk', 'maven'], { root: true, debian: true })).toEqual(command)
  expect(installCommand(['a-jdk'], { root: false, debian: true })).toBeUndefined()
  expect(installCommand(['a-jdk'], { root: true, debian: false })).toBeUndefined()
})

test('what is missing is named with what to do about it', () => {
  expect(cure([jdk, maven], { root: false, debian: true })).toBe(
    'a JDK and Maven are missing: run "sudo apt-get install a-jdk maven", then run this again',
  )
  expect(cure([maven], { root: false, debian: false })).toBe(
    'Maven is missing: install it and make sure that "mvn --version" works, then run this again',
  )
})

test('a tool that is there is left alone; one that cannot be installed is an error with the cure', () => {
  const machine = { root: false, debian: true }
  ensure([{ ...none, probe: [process.execPath, '--version'] }], machine)
  expect(() => ensure([none], machine)).toThrow(SetupError)
  expect(() => ensure([none], machine)).toThrow(/sudo apt-get install none/)
})
