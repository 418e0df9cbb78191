import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import type { Properties } from '../../hack/bench/flume.ts'
import { fileChannel, fileRoll } from '../../hack/bench/flume.ts'
import { JDK, OPENSSL, flumeJars } from '../../hack/setup/flume.ts'
import { setupFolder } from '../../hack/setup.ts'
import { isThere } from '../../hack/setup/tool.ts'
import { notRun } from '../not-run.ts'

/** Parts of both agents, as the interop tests put them together. */

export function needsFlume(context: TestContext): void {
  const cure = 'npm run setup -- flume'
  const left = (why: string): never => notRun(context, { what: 'interop/flume', why, cure })
  if (!isThere(JDK)) left('no JDK')
  if (!isThere(OPENSSL)) left('no openssl')
  if (flumeJars(join(setupFolder(process.env), 'flume')) === undefined) {
    left('Flume is not installed')
  }
}

export function folderOf(...names: string[]): string {
  const folder = join(...names)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** A file channel of Flume with its folders below one of its own. */
export function flumeChannel(folder: string, name: string): Properties {
  return fileChannel(folderOf(folder, name), 1_000_000)
}

/** Avro data files: bodies and headers as they are. */
export function flumeRecords(directory: string): Properties {
  return { ...fileRoll(directory), 'sink.serializer': 'avro_event' }
}

export function ourRecords(directory: string) {
  return { file: { directory, format: 'json', rollInterval: '0s', rollSize: '0' } }
}
