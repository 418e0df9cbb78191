import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensure, run } from './tool.ts'
import type { Tool } from './tool.ts'

/**
 * The real Apache Flume: its jars and all they need, resolved by Maven from setup/flume/pom.xml into
 * `<folder>/lib`. The folder is complete when `.complete` holds the hash of that file, so that an
 * install that was interrupted, or was for another version, is made anew.
 */
const POM = join(import.meta.dirname, 'flume', 'pom.xml')
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

export const JDK: Tool = {
  probe: ['java', '-version'],
  title: 'a JDK',
  debianPackage: 'default-jdk-headless',
}
/** The interop tests take a private key out of a Java keystore with it. */
export const OPENSSL: Tool = {
  probe: ['openssl', 'version'],
  title: 'openssl',
  debianPackage: 'openssl',
}
const MAVEN: Tool = { probe: ['mvn', '--version'], title: 'Maven', debianPackage: 'maven' }

export function hashOf(pom: string | Buffer): string {
  return createHash('sha256').update(pom).digest('hex')
}

/** The folder of the jars, if all of them are there and are those of the current pom.xml. */
export function flumeJars(
  folder: string,
  pom: string | Buffer = readFileSync(POM),
): string | undefined {
  const mark = join(folder, '.complete')
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== hashOf(pom)) return undefined
  return join(folder, 'lib')
}

/** Arguments of Maven that put the jars into `lib`. */
export function mavenArgs(pomFile: string, lib: string): string[] {
  return [
    '--batch-mode',
    '--quiet',
    '--file',
    pomFile,
    COPY,
    `-DoutputDirectory=${lib}`,
    '-DincludeScope=runtime',
  ]
}

export async function installFlume(folder: string): Promise<void> {
  ensure([JDK, OPENSSL])
  const there = flumeJars(folder)
  if (there === undefined) {
    ensure([MAVEN])
    console.log(`Resolving Apache Flume by Maven into ${folder}.`)
    const lib = join(folder, 'lib')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(lib, { recursive: true })
    run('mvn', mavenArgs(POM, lib))
    writeFileSync(join(folder, '.complete'), hashOf(readFileSync(POM)))
  }
  const lib = join(folder, 'lib')
  console.log(`Apache Flume is in ${lib} (${readdirSync(lib).length} jars).`)
}
