import { dumpChannel, verifyChannel } from '../channels/file/inspect.ts'
import type { VerifyReport } from '../channels/file/inspect.ts'
import { systemCode, toFlumeError } from '../core/errors.ts'
import type { Disk } from '../lib/disk.ts'
import { EXIT } from './output.ts'
import { formatBytes, formatCountOf, formatNumber } from './format.ts'
import type { Output } from './validate.ts'

export interface ChannelOptions {
  readonly directory: string
  readonly output?: 'text' | 'json'
}

/**
 * `flume channel verify DIR`: checks every record. It reads only, so the channel may be in use; then
 * what is written meanwhile may be missing in the report. Resolves to the exit code: 1 on damage, 2
 * when there is no channel.
 */
export async function verify(options: ChannelOptions, disk: Disk, out: Output): Promise<number> {
  const { directory, output } = options
  try {
    const report = await verifyChannel(disk, directory)
    if (report === undefined) return noChannel(directory, out)
    if (output === 'json') out.stdout(`${JSON.stringify(report, null, 2)}\n`)
    else out.stdout(formatReport(directory, report))
    return report.ok ? EXIT.clean : EXIT.failure
  } catch (error) {
    return unreadable(directory, error, out)
  }
}

/** `flume channel dump DIR`: a line per record. Resolves to the exit code: 1 on damage. */
export async function dump(options: ChannelOptions, disk: Disk, out: Output): Promise<number> {
  const { directory, output } = options
  let lines = 0
  let damaged = 0
  try {
    for await (const line of dumpChannel(disk, directory)) {
      lines += 1
      if (line.type === 'DAMAGE') damaged += 1
      const { segment, offset, type, text } = line
      if (output === 'json') out.stdout(`${JSON.stringify(line)}\n`)
      else out.stdout(`${segment} ${String(offset).padStart(10)} ${type.padEnd(10)} ${text}\n`)
    }
  } catch (error) {
    return unreadable(directory, error, out)
  }
  if (lines === 0) return noChannel(directory, out)
  return damaged === 0 ? EXIT.clean : EXIT.failure
}

function noChannel(directory: string, out: Output): number {
  out.stderr(
    `${directory} holds no file channel: expected segments such as 0000000000000001.seg. A channel lives in <data-dir>/<agent>-<ordinal>/<flow>/<channel>.\n`,
  )
  return EXIT.usage
}

function unreadable(directory: string, error: unknown, out: Output): number {
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return noChannel(directory, out)
  const { code: ours, message } = toFlumeError(error)
  out.stderr(`${ours} ${directory} cannot be read: ${message}\n`)
  return EXIT.failure
}

function formatReport(directory: string, report: VerifyReport): string {
  const { segments, corruptRecords } = report
  const bytes = segments.reduce((total, segment) => total + segment.bytes, 0)
  const lines = [
    `channel    ${directory}`,
    `segments   ${formatNumber(segments.length)}, ${formatBytes(bytes)}`,
    `records    ${formatNumber(report.records)} with ${formatCountOf(report.events, 'event')}`,
    `backlog    ${formatCountOf(report.backlogEvents, 'event')}`,
    `lost       ${formatCountOf(report.lostEvents, 'event')}`,
  ]
  if (report.tornBytes > 0) {
    const torn = `${formatBytes(report.tornBytes)} at the end`
    lines.push(`unfinished ${torn}: written as the channel stopped or is in use; no damage`)
  }
  for (const record of corruptRecords) {
    const where = `${record.segment} at ${record.offset}, ${formatBytes(record.bytes)}`
    lines.push(
      `damage     ${where}: ${record.reason}; ${formatCountOf(record.eventsLost, 'event')}`,
    )
  }
  lines.push(report.ok ? 'ok' : formatCountOf(corruptRecords.length, 'damaged record'))
  return `${lines.join('\n')}\n`
}
