import { createHash } from 'node:crypto'
import { readFile, readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { systemCode } from '../../core/errors.ts'
import { pluginError } from './plugin-error.ts'

/** A module is text that a person wrote, or a bundle of some. */
const PLUGIN_BYTES_MAX = 8 * 2 ** 20
/** Of the modules that a message names. */
const NAMES_SHOWN_MAX = 5

export interface PluginLocation {
  /** With all links followed. */
  readonly file: string
  /** Of its content. Hex. */
  readonly sha256: string
}

/**
 * Finds the file of a module. Rejects with FLM1401 when there is none, or when it is a link to somewhere
 * outside of the directory: who may write manifests does not thereby choose what code runs.
 */
export async function locatePlugin(module: string, directory: string): Promise<PluginLocation> {
  const fail = (why: string): never => {
    throw pluginError(module, directory, why)
  }
  const root = await realpath(directory).catch((error: unknown) =>
    systemCode(error) === 'ENOENT'
      ? fail('the directory does not exist. Make it, or name another one with --plugins-dir')
      : fail(`the directory cannot be read: ${messageOf(error)}`),
  )
  const file = await realpath(join(root, module)).catch(async (error: unknown) =>
    systemCode(error) === 'ENOENT'
      ? fail(`there is no such file${await present(root)}`)
      : fail(`the file cannot be read: ${messageOf(error)}`),
  )
  const inside = relative(root, file)
  // Kubernetes mounts files below a directory whose name begins with two dots.
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    fail(`it is a link to ${file}, outside of the directory. Put the file itself there`)
  const { size, isFile } = await describe(file, fail)
  if (!isFile) fail('it is no file')
  if (size > PLUGIN_BYTES_MAX)
    fail(
      `it has ${size} bytes; at most ${PLUGIN_BYTES_MAX} are loaded. Leave out what it does not need`,
    )
  return { file, sha256: await contentHash(file).catch((error: unknown) => fail(messageOf(error))) }
}

/** The hash of a file's content. Hex. */
export async function contentHash(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

async function describe(file: string, fail: (why: string) => never) {
  const facts = await stat(file).catch((error: unknown) => fail(messageOf(error)))
  return { size: facts.size, isFile: facts.isFile() }
}

/** The modules that are there, for a message. */
async function present(root: string): Promise<string> {
  const entries = await readdir(root)
  const names = entries.filter((name) => /\.m?[jt]s$/.test(name)).sort()
  if (names.length === 0) return '. Put it there, or name another directory with --plugins-dir'
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ')
  return `; there is ${shown}${names.length > NAMES_SHOWN_MAX ? ', …' : ''}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
